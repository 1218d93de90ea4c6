/* lender.c - many threads share a few connections.
 *
 * A connection is dear to open and good for one thread at a time. Twelve clients make do with three: who
 * comes when all are out waits in turn; what breaks is handed back as broken, and a new one is opened when
 * somebody needs it; a client that has waited too long gives up.
 */
#include <plait.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECTIONS = 3, CLIENTS = 12, QUERIES = 50, LOST = PLAIT_USER + 1 };

struct connection {
    int queries;
};
PLAIT_LENDER(connection_lender, struct connection *);

static plait_semaphore in_use = PLAIT_SEMAPHORE_INIT(CONNECTIONS); /* to see that there are never more */

/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whoever ran it without taking the result would lose it */
PLAIT_TASK(struct connection *, connect_to, (const char *, host)) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) plait_raise(PLAIT_NO_MEMORY, "no memory for a connection to %s", host);
    return connection;
}

PLAIT_TASK(void, disconnect, (struct connection *, connection)) {
    free(connection);
}

/* Every twentieth query finds that the other side has hung up. */
static int query(struct connection *connection, int question, int *answer) {
    *answer = 2 * question;
    return ++connection->queries % 20 == 0 ? LOST : PLAIT_OK;
}

static plait_status ask(connection_lender connections, int question, int *answer) {
    plait_borrow(connections, connection); /* returned at the end of this function */
    if (!connection) return plait_last_error();
    if (plait_semaphore_acquire_nowait(&in_use) != PLAIT_OK) return PLAIT_FAILED;
    plait_status status = query(connection, question, answer);
    plait_semaphore_release(&in_use, 1);
    if (status != PLAIT_OK) {
        plait_lender_discard(connections, connection);
        connection = NULL; /* it is not ours any more */
    }
    return status;
}

PLAIT_TASK(int, client, (connection_lender, connections), (int, number)) {
    int sum = 0;
    for (int i = 0; i < QUERIES; i++) {
        int answer = 0;
        plait_status status;
        do {
            status = ask(connections, number + i, &answer);
        } while (status == LOST); /* again, over another one */
        if (status != PLAIT_OK) {
            plait_raise(status, "client %d, question %d", number, i);
            return 0;
        }
        sum += answer;
    }
    return sum;
}

/* All are out: who is in a hurry gives up. */
static void be_in_a_hurry(connection_lender connections) {
    struct connection *taken[CONNECTIONS], *one_more;
    for (int i = 0; i < CONNECTIONS; i++)
        if (plait_lender_borrow(connections, &taken[i]) != PLAIT_OK) return;
    plait_status status = plait_lender_borrow_until(connections, &one_more, plait_after(0.01));
    printf("one more: %s\n", plait_status_text(status));
    for (int i = 0; i < CONNECTIONS; i++) plait_lender_return(connections, taken[i]);
}

int main(void) {
    connection_lender connections = plait_lender_of(connection_lender, CONNECTIONS, disconnect, connect_to,
                                                    "db.example");
    if (!connections.lender) return 1;
    be_in_a_hurry(connections);

    plait_scope scope;
    plait_thread *clients[CLIENTS];
    plait_scope_begin(&scope, NULL);
    for (int i = 0; i < CLIENTS; i++) clients[i] = plait_scope_start(&scope, client, connections, i);
    plait_status status = plait_scope_end(&scope);
    long total = 0;
    for (int i = 0; i < CLIENTS; i++) {
        int sum = 0;
        if (status == PLAIT_OK) status = plait_thread_result(clients[i], &sum);
        plait_thread_free(clients[i]);
        total += sum;
    }
    plait_lender_counts counts = plait_lender_stats(connections.lender);
    printf("%d clients, %ld in all, connections still out: %zu\n", CLIENTS, total, counts.lent);
    printf("never more than %d: %s\n", CONNECTIONS, counts.made <= CONNECTIONS ? "yes" : "no");

    plait_lender_close(connections.lender);
    bool closed = plait_lender_join(connections.lender) == PLAIT_OK;
    plait_lender_free(connections.lender);
    return status == PLAIT_OK && closed ? 0 : 1;
}
