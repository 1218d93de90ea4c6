/* server.c - a server with one thread per client, and its clients, in one program.
 *
 * The server answers each line with the same line in capitals. It listens on the loopback interface only,
 * on a free port. A thread accepts clients and starts a thread for each; at most eight are served at a
 * time, the others wait. Every wait for a socket is a plait_select that also watches the stop event, so the
 * server can be stopped at any moment, whatever its clients are at.
 */
#include <ctype.h>
#include <netinet/in.h>
#include <plait.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 20, AT_ONCE = 8, LINES_EACH = 5, LINE = 64 };

static plait_event stop;
static plait_semaphore places = PLAIT_SEMAPHORE_INIT(AT_ONCE);

/* Waits until there is something to read or accept; false when the server is to stop. */
static bool readable(int socket) {
    plait_case cases[] = {plait_case_descriptor(socket, POLLIN), plait_case_event(&stop)};
    size_t which;
    return plait_select(cases, 2, &which) == PLAIT_OK && which == 0;
}

/* ---- the server ---- */

PLAIT_TASK(void, serve, (int, client)) {
    char text[LINE];
    while (readable(client)) {
        ssize_t length = recv(client, text, sizeof text, 0);
        if (length <= 0) break; /* the client has gone */
        for (ssize_t i = 0; i < length; i++) text[i] = (char)toupper((unsigned char)text[i]);
        if (send(client, text, (size_t)length, MSG_NOSIGNAL) != length) break;
    }
    close(client);
    plait_semaphore_release(&places, 1);
}

static bool start_serving(int client) {
    if (plait_semaphore_acquire(&places) != PLAIT_OK) return false;
    plait_thread *thread = plait_start(serve, client);
    if (!thread) plait_semaphore_release(&places, 1);
    plait_thread_free(thread); /* it ends by itself; nobody joins it */
    return thread != NULL;
}

PLAIT_TASK(int, accept_clients, (int, listener)) {
    int served = 0;
    while (readable(listener)) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (start_serving(client))
            served++;
        else
            close(client);
    }
    for (int i = 0; i < AT_ONCE; i++) /* all places are free again: nobody is served any more */
        if (plait_semaphore_acquire(&places) != PLAIT_OK) break;
    return served;
}

static int listen_on_loopback(struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)address, length) != 0 ||
        listen(listener, CLIENTS) != 0 || getsockname(listener, (struct sockaddr *)address, &length) != 0)
        return -1;
    return listener;
}

/* ---- the clients ---- */

/* Sends a line and reads the answer; true if it is what it should be. */
static bool say(int server, int client, int number) {
    char line[LINE], expected[LINE], answer[LINE];
    int length = snprintf(line, LINE, "client %d says line %d\n", client, number);
    snprintf(expected, LINE, "CLIENT %d SAYS LINE %d\n", client, number);
    if (send(server, line, (size_t)length, MSG_NOSIGNAL) != length) return false;
    for (int got = 0; got < length;) {
        ssize_t more = recv(server, answer + got, (size_t)(length - got), 0);
        if (more <= 0) return false;
        got += (int)more;
    }
    return memcmp(answer, expected, (size_t)length) == 0;
}

/* Returns how many lines were answered rightly. */
PLAIT_TASK(int, be_client, (struct sockaddr_in, address), (int, number)) {
    int right = 0;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address) == 0)
        for (int i = 0; i < LINES_EACH; i++) right += say(server, number, i);
    close(server);
    return right;
}

int main(void) {
    struct sockaddr_in address;
    int listener = listen_on_loopback(&address), right = 0, served = 0;
    if (listener < 0) return 1;
    plait_thread *server = plait_start(accept_clients, listener);
    plait_thread *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) clients[i] = plait_start(be_client, address, i);
    for (int i = 0; i < CLIENTS; i++) {
        int lines = 0;
        if (plait_thread_result(clients[i], &lines) == PLAIT_OK) right += lines;
        plait_thread_free(clients[i]);
    }
    plait_event_set(&stop);
    plait_status status = plait_thread_result(server, &served);
    plait_thread_free(server);
    close(listener);
    printf("%d clients served, %d lines answered\n", served, right);
    return status == PLAIT_OK && served == CLIENTS && right == CLIENTS * LINES_EACH ? 0 : 1;
}
