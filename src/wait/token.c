/* token.c - cancel tokens: a tree that is only ever walked upwards.
 *
 * A token holds its parent, and a flag. It is cancelled if its own flag or that of one above it is set,
 * or if its deadline has passed; the deadline is the least of its line, computed when it is made, for
 * deadlines do not change. There are no links downwards: plait_cancel sets one flag and goes through the
 * table of sleepers (waiter.c), asking each sleeper's token whether it is cancelled now. So making and
 * freeing a token is a matter of one reference count, and waiting registers nowhere but in that table.
 *
 * No cancel is lost: see waiter.h. The flag is set (seq_cst, though the lock of the table orders it
 * enough) before the table is gone through; a waiter looks at its token after it has entered the table.
 * A token lives while its count is above zero: each owner, each child and each plait_token_enter that
 * was not left counts. A sleeper's token is alive while it is in the table, because the sleeper is.
 */
#include <base/atomic.h>
#include <base/clock.h>
#include <wait/cells.h>
#include <wait/name.h>
#include <wait/token.h>
#include <wait/waiter.h>

struct plait_token {
    uint32_t references;
    uint32_t cancelled;
    plait_token *parent;
    plait_deadline deadline;
};

static plait_token root = {.references = 1, .deadline = {INT64_MAX}};

plait_token *plait_token_root(void) {
    return &root;
}

plait_token *plait_token_current(void) {
    plait_token *token = plait__self()->token;
    return token ? token : &root;
}

plait_deadline plait__token_deadline(const plait_token *token) {
    return token->deadline;
}

plait_token *plait__token_keep(plait_token *token) {
    if (token != &root) plait__add_relaxed(&token->references, 1);
    return token;
}

plait_token *plait_token_new(plait_token *parent, plait_deadline deadline) {
    if (!parent) parent = plait_token_current();
    plait_token *token = plait__cell_take(sizeof *token);
    if (!token) return NULL;
    *token = (plait_token){.references = 1,
                           .parent = plait__token_keep(parent),
                           .deadline = plait_earlier(deadline, parent->deadline)};
    return token;
}

bool plait__token_move(plait_token *token, plait_token *parent) {
    if (plait__load_acquire(&token->references) != 1 || plait__load(&token->cancelled)) return false;
    plait_token *before = token->parent;
    token->parent = parent;
    token->deadline = parent->deadline;
    plait_token_free(before);
    return true;
}

void plait_token_free(plait_token *token) {
    while (token && token != &root && plait__sub(&token->references, 1) == 1) {
        plait_token *parent = token->parent;
        plait__name_forget(token);
        plait__cell_give(token, sizeof *token);
        token = parent;
    }
}

bool plait_token_cancelled(const plait_token *token) {
    if (!token) return false;
    if (!plait__is_forever(token->deadline) && plait_passed(token->deadline)) return true;
    for (; token; token = token->parent)
        if (plait__load_acquire(&token->cancelled)) return true;
    return false;
}

bool plait_cancelled(void) {
    struct plait__self *self = plait__self();
    return !self->shields && plait_token_cancelled(plait_token_current());
}

static void cancel_if_below(struct plait__waiter *waiter, void *context) {
    (void)context;
    if (waiter->token && plait_token_cancelled(waiter->token)) plait__cancel_sleeper(waiter);
}

void (*plait__cancelled_elsewhere)(void);

plait_status plait_cancel(plait_token *token) {
    if (!token) return PLAIT_INVALID;
    plait__store_seq(&token->cancelled, 1);
    plait__each_sleeper(cancel_if_below, NULL);
    void (*tell)(void) = plait__load_acquire(&plait__cancelled_elsewhere);
    if (tell) tell();
    return PLAIT_OK;
}

plait_token *plait_token_enter(plait_token *token) {
    struct plait__self *self = plait__self();
    plait_token *before = self->token ? self->token : &root;
    self->token = token ? plait__token_keep(token) : NULL;
    return before;
}

void plait_token_leave(plait_token *before) {
    struct plait__self *self = plait__self();
    plait_token *left = self->token;
    self->token = before; /* kept alive by its own plait_token_enter */
    plait_token_free(left);
}

void plait_shield_enter(void) {
    plait__self()->shields++;
}

void plait_shield_leave(void) {
    struct plait__self *self = plait__self();
    if (self->shields) self->shields--;
}
