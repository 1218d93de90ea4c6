/* request.c - a request brings the queue for its reply; a reply is an answer or an error.
 *
 * One thread owns the accounts, so they need no lock. Everybody else sends it requests through one queue,
 * and waits at a queue of their own, which the request names. (For a single question a future does the
 * same with less; see first.c. Reply queues are for a conversation.)
 */
#include <plait.h>
#include <stdio.h>

enum { ACCOUNTS = 3, CLIENTS = 3, REQUESTS_EACH = 100, NOT_ENOUGH = PLAIT_USER + 1 };

struct reply {
    plait_status status; /* PLAIT_OK: balance is the new one; else nothing has changed */
    int balance;
};

struct request {
    int account;
    int amount; /* paid in, or, when negative, taken out */
    plait_queue *reply_to;
};

/* ---- the owner of the accounts ---- */

static struct reply carry_out(int balances[static ACCOUNTS], const struct request *request) {
    if (request->account < 0 || request->account >= ACCOUNTS) return (struct reply){PLAIT_INVALID, 0};
    int *balance = &balances[request->account];
    if (*balance + request->amount < 0) return (struct reply){NOT_ENOUGH, *balance};
    *balance += request->amount;
    return (struct reply){PLAIT_OK, *balance};
}

PLAIT_TASK(void, keep_accounts, (plait_queue *, requests)) {
    int balances[ACCOUNTS] = {0};
    struct request request;
    while (plait_queue_get(requests, &request) == PLAIT_OK) {
        struct reply reply = carry_out(balances, &request);
        plait_queue_put(request.reply_to, &reply);
    }
}

/* ---- the clients ---- */

static struct reply ask(plait_queue *requests, plait_queue *replies, int account, int amount) {
    struct request request = {account, amount, replies};
    struct reply reply = {PLAIT_FAILED, 0};
    plait_status status = plait_queue_put(requests, &request);
    if (status == PLAIT_OK) status = plait_queue_get(replies, &reply);
    if (status != PLAIT_OK) reply.status = status;
    return reply;
}

/* Pays in 1, 2, 3, ...; returns the balance at the end. */
PLAIT_TASK(int, save_money, (plait_queue *, requests), (int, account)) {
    plait_queue *replies = plait_queue_of(struct reply, 1);
    struct reply reply = {PLAIT_OK, 0};
    for (int i = 1; i <= REQUESTS_EACH && reply.status == PLAIT_OK; i++)
        reply = ask(requests, replies, account, i);
    plait_queue_free(replies);
    return reply.balance;
}

int main(void) {
    plait_queue *requests = plait_queue_of(struct request, 10);
    plait_queue *replies = plait_queue_of(struct reply, 1);
    plait_thread *owner = plait_start(keep_accounts, requests);
    plait_thread *clients[CLIENTS];
    bool good = true;
    for (int i = 0; i < CLIENTS; i++) clients[i] = plait_start(save_money, requests, i);
    for (int i = 0; i < CLIENTS; i++) {
        int balance = 0;
        good = plait_thread_result(clients[i], &balance) == PLAIT_OK && balance == 5050 && good;
        printf("account %d: %d\n", i, balance);
        plait_thread_free(clients[i]);
    }

    struct reply too_much = ask(requests, replies, 0, -6000);
    struct reply nowhere = ask(requests, replies, 7, 1);
    printf("take out 6000: %s, the balance is still %d\n", too_much.status == NOT_ENOUGH ? "not enough" : "?",
           too_much.balance);
    printf("account 7: %s\n", plait_status_text(nowhere.status));

    plait_queue_shutdown(requests, false);
    good = plait_thread_join(owner) == PLAIT_OK && good;
    plait_thread_free(owner);
    plait_queue_free(replies);
    plait_queue_free(requests);
    return good && too_much.status == NOT_ENOUGH && nowhere.status == PLAIT_INVALID ? 0 : 1;
}
