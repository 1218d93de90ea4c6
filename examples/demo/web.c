/* web.c - a small web server: one thread accepts, a pool of workers answers, an event stops them all.
 *
 * A worker has one connection at a time, so what the server takes is bounded: WORKERS connections, each
 * with a request of at most REQUEST_LARGEST bytes that must come within REQUEST_SECONDS. More connections
 * wait for a worker.
 * Every wait of every thread is a plait_select between its socket and the stop event. So web_stop need not
 * close anything under anybody's hands: it sets the event and joins.
 */
#include "web.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 64, REQUEST_LARGEST = 4096, BODY = 8000 };
static const double REQUEST_SECONDS = 5;

struct web {
    const struct web_page *pages;
    int count;
    int listener;
    int port;
    plait_event stop;
    plait_pool *workers;
    plait_thread *acceptor;
};

/* Waits until the socket is ready. False: stopped, cancelled, or too late. */
static bool ready(web *server, int socket, int events, plait_deadline deadline) {
    plait_case cases[] = {plait_case_descriptor(socket, events), plait_case_event(&server->stop)};
    size_t which;
    return plait_select_until(cases, 2, &which, deadline) == PLAIT_OK && which == 0;
}

/* ---- one connection ---- */

/* Reads until the empty line that ends a request. */
static bool read_request(web *server, int client, char request[static REQUEST_LARGEST]) {
    plait_deadline deadline = plait_after(REQUEST_SECONDS);
    size_t length = 0;
    while (length < REQUEST_LARGEST - 1) {
        if (!ready(server, client, POLLIN, deadline)) return false;
        ssize_t got = recv(client, request + length, REQUEST_LARGEST - 1 - length, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return false;
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n")) return true;
    }
    return false;
}

static void answer(web *server, int client, const char *status, int body) {
    char text[256 + BODY];
    int head = snprintf(text, 256,
                        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                        "Connection: close\r\n\r\n",
                        status, body);
    memset(text + head, '.', (size_t)body);
    const char *next = text;
    size_t left = (size_t)head + (size_t)body;
    plait_deadline deadline = plait_after(REQUEST_SECONDS);
    while (left > 0 && ready(server, client, POLLOUT, deadline)) {
        ssize_t sent = send(client, next, left, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
        if (sent <= 0) continue;
        next += sent;
        left -= (size_t)sent;
    }
}

/* Sits there until the client has had enough. */
static void hang(web *server, int client) {
    char ignored[256];
    while (ready(server, client, POLLIN, PLAIT_FOREVER)) {
        ssize_t got = recv(client, ignored, sizeof ignored, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    }
}

static void serve_page(web *server, int client, const struct web_page *page) {
    if (page->kind == WEB_HANGS) {
        hang(server, client);
        return;
    }
    if (plait_event_wait_until(&server->stop, plait_after(page->delay)) != PLAIT_TIMEOUT) return;
    if (page->kind == WEB_FAILS)
        answer(server, client, "500 Internal Server Error", 0);
    else
        answer(server, client, "200 OK", BODY);
}

PLAIT_TASK(void, serve, (web *, server), (int, client)) {
    char request[REQUEST_LARGEST] = "";
    int number;
    if (read_request(server, client, request)) {
        if (sscanf(request, "GET /%6d ", &number) != 1 || number < 0 || number >= server->count)
            answer(server, client, "404 Not Found", 0);
        else
            serve_page(server, client, &server->pages[number]);
    }
    close(client);
}

/* ---- the server ---- */

PLAIT_TASK(void, accept_clients, (web *, server)) {
    while (ready(server, server->listener, POLLIN, PLAIT_FOREVER)) {
        int client = accept(server->listener, NULL, NULL);
        if (client < 0) {
            /* Out of descriptors: the workers will give some back. Anything else: that client went away. */
            if (errno == EMFILE || errno == ENFILE) plait_sleep(0.01);
            continue;
        }
        fcntl(client, F_SETFL, O_NONBLOCK);
        fcntl(client, F_SETFD, FD_CLOEXEC);
        if (plait_post(server->workers, serve, server, client) != PLAIT_OK) close(client);
    }
}

static bool listen_on_loopback(web *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener < 0) return false;
    if (fcntl(server->listener, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(server->listener, F_SETFD, FD_CLOEXEC) != 0 ||
        bind(server->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(server->listener, SOMAXCONN) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0)
        return false;
    server->port = ntohs(address.sin_port);
    return true;
}

web *web_start(const struct web_page *pages, int count) {
    web *server = calloc(1, sizeof *server);
    if (!server) return NULL;
    server->pages = pages;
    server->count = count;
    if (listen_on_loopback(server) && (server->workers = plait_pool_new(WORKERS)) != NULL)
        server->acceptor = plait_start(accept_clients, server);
    if (server->acceptor) return server;
    web_stop(server);
    return NULL;
}

int web_port(const web *server) {
    return server->port;
}

void web_stop(web *server) {
    if (!server) return;
    plait_shield(); /* the clean-up goes on after Ctrl-C */
    plait_event_set(&server->stop);
    if (server->acceptor) plait_thread_join(server->acceptor);
    plait_thread_free(server->acceptor);
    if (server->workers) plait_pool_shutdown(server->workers, true, false);
    plait_pool_free(server->workers);
    if (server->listener >= 0) close(server->listener);
    free(server);
}
