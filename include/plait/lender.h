/* plait/lender.h - a lender: a set of parked resources that threads borrow and return.
 *
 * Connections to a database, say: dear to open, good for one thread at a time, and more than a few are no
 * use. A lender opens them when they are needed, up to a limit, lends the one that was returned last (it is
 * the warmest), makes who comes when all are lent wait in turn, and closes what its borrower says is broken,
 * or what a check on borrowing finds so. Whoever opens, checks or closes does it on its own thread, with no
 * lock of plait held.
 *
 * PLAIT_LENDER(name, T) makes a type of lenders of a T, a pointer or a number, as PLAIT_OWNER does of owners
 * (plait/owner.h); `name.lender` is the lender itself. Opening, closing and checking are tasks
 * (plait/task.h).
 *
 * With GNU C and in C++, plait_borrow(lender, name) borrows for the rest of the scope, however that is left.
 * In the child of a fork a lender is PLAIT_BROKEN, and closes nothing.
 *
 * Example:
 *     #include <plait.h>
 *     #include <stdlib.h>
 *
 *     struct line { int number; };
 *     PLAIT_LENDER(line_lender, struct line *);
 *
 *     PLAIT_TASK(struct line *, dial, (int, prefix)) {
 *         struct line *line = malloc(sizeof *line);
 *         if (line) line->number = prefix; else plait_raise(PLAIT_NO_MEMORY, NULL);
 *         return line;
 *     }
 *     PLAIT_TASK(void, hang_up, (struct line *, line)) { free(line); }
 *
 *     static int number(line_lender lines) {
 *         plait_borrow(lines, line);                             // until the end of this function
 *         return line ? line->number : -1;                       // NULL: plait_last_error() says why
 *     }
 *
 *     int main(void) {
 *         line_lender lines = plait_lender_of(line_lender, 2, hang_up, dial, 555);
 *         if (!lines.lender) return 1;
 *         struct line *one, *other, *third;
 *         if (plait_lender_borrow(lines, &one) != PLAIT_OK) return 1;
 *         if (plait_lender_borrow(lines, &other) != PLAIT_OK) return 1;
 *         bool no_more = plait_lender_borrow_until(lines, &third, plait_after(0.01)) == PLAIT_TIMEOUT;
 *         plait_lender_discard(lines, one);                      // broken: the next one is a new one
 *         plait_lender_return(lines, other);
 *         bool works = number(lines) == 555 && plait_lender_stats(lines.lender).made == 1;
 *         plait_lender_close(lines.lender);
 *         bool all_back = plait_lender_join(lines.lender) == PLAIT_OK;
 *         plait_lender_free(lines.lender);
 *         return no_more && works && all_back ? 0 : 1;
 *     }
 */
#ifndef PLAIT_LENDER_H
#define PLAIT_LENDER_H

#include <plait/api.h>
#include <plait/deadline.h>
#include <plait/owner.h>
#include <plait/select.h>
#include <plait/status.h>
#include <plait/task.h>

/* A type of lenders. T is a pointer or a number; at most 16 bytes. */
#define PLAIT_LENDER(name, T) \
    typedef union name { \
        plait_lender *lender; \
        T *plait__resource; \
    } name

PLAIT_BEGIN

typedef struct plait_lender plait_lender;

/* A lender of at most `most` resources; opens none yet. `open`(arguments...) returns a resource; the
 * arguments are copied, and used each time. `close` has the resource as its one parameter; what it raises
 * goes to the excepthook. Free it with plait_lender_free. With .lender NULL and plait_last_error():
 * PLAIT_NO_MEMORY, PLAIT_INVALID (`most` is 0). */
#define plait_lender_of(type, most, close, ...) \
    (PLAIT_LITERAL(type){ \
        PLAIT__TYPED(((void)sizeof(PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(*(type *)0), close, )), \
                      (void)sizeof(PLAIT__OPENED((type *)0, __VA_ARGS__, )), \
                      plait_lender_new(sizeof *((type *)0)->plait__resource, (most), plait_task_of(close), \
                                       PLAIT__TASK_OF(__VA_ARGS__, ), PLAIT__ARGS_OF(__VA_ARGS__, ))), \
                     __VA_ARGS__)})
PLAIT_API PLAIT_WARN_UNUSED plait_lender *plait_lender_new(size_t resource_size, size_t most,
                                                           const plait_task *close, const plait_task *open,
                                                           const void *args);

/* Has a parked resource looked at before it is lent: `check`(resource) is a task that returns a bool. If that
 * is false, or it raises, the resource is closed and a new one opened. Before the first borrow. PLAIT_OK,
 * PLAIT_INVALID. */
#define plait_lender_set_check(of, check) \
    PLAIT__TYPED_OWNED(((void)sizeof(PLAIT__OWNED_ARGS_OF(PLAIT__NOTHING_LIKE(of), check, )), \
                        plait_lender_check_by((of).lender, plait_task_of(check))), \
                       check)
PLAIT_API plait_status plait_lender_check_by(plait_lender *lender, const plait_task *check);

/* Borrows one: *out is the calling thread's, and whoever it gives it to, until it is returned. Takes the one
 * that was returned last, or opens one, or waits, in turn, until one is returned (until the deadline; or not
 * at all). PLAIT_OK; PLAIT_TIMEOUT (_until), PLAIT_BUSY (_nowait), PLAIT_SHUTDOWN (closed), PLAIT_CANCELLED,
 * PLAIT_INTERRUPTED, PLAIT_BROKEN, PLAIT_INVALID; or what the opening task raised (plait_last_message has the
 * words): *out is as it was, and plait_last_error() says the same. Deadline and token are for the waiting;
 * opening takes what it takes. Thread-safe. */
#define plait_lender_borrow(from, out) plait_lender_borrow_until(from, out, PLAIT_FOREVER)
#define plait_lender_borrow_until(from, out, deadline) \
    plait_lender_borrow_sized((from).lender, PLAIT__LENT_TO(from, out), sizeof *(out), (deadline))
#define plait_lender_borrow_nowait(from, out) \
    plait_lender_borrow_sized_nowait((from).lender, PLAIT__LENT_TO(from, out), sizeof *(out))
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lender_borrow_sized(plait_lender *lender, void *out,
                                                                   size_t size, plait_deadline deadline);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lender_borrow_sized_nowait(plait_lender *lender, void *out,
                                                                          size_t size);

/* The case that one can be borrowed, for plait_select: it performs the borrow (and opens a new one, if need
 * be), and its status is what that returned. *out must stay until the select returns. */
#define plait_case_borrow(from, out) \
    plait_case_borrow_sized((from).lender, PLAIT__LENT_TO(from, out), sizeof *(out))
PLAIT_API plait_case plait_case_borrow_sized(plait_lender *lender, void *out, size_t size);

/* Returns what the variable `resource` holds, from any thread: it goes to whoever waits longest, or is
 * parked. When the lender was closed it is closed at once. `discard`: it is broken; it is closed, and makes
 * room for a new one. PLAIT_OK; PLAIT_INVALID: no lender, or this is not lent; PLAIT_BROKEN. Wait for nobody
 * (but closing may). */
#define plait_lender_return(to, resource) \
    plait_lender_return_sized((to).lender, &(resource), sizeof(resource))
#define plait_lender_discard(to, resource) \
    plait_lender_discard_sized((to).lender, &(resource), sizeof(resource))
PLAIT_API plait_status plait_lender_return_sized(plait_lender *lender, const void *resource, size_t size);
PLAIT_API plait_status plait_lender_discard_sized(plait_lender *lender, const void *resource, size_t size);

/* Closes those that have been parked for more than so many seconds, and returns how many they were: for a
 * program that looks after this now and then; a lender has no thread of its own. */
PLAIT_API size_t plait_lender_trim(plait_lender *lender, double seconds);

typedef struct plait_lender_counts {
    size_t made;    /* resources that are open */
    size_t lent;    /* out with borrowers, or being opened, checked or closed */
    size_t idle;    /* parked */
    size_t waiting; /* threads */
} plait_lender_counts;

/* A snapshot; zeroes for NULL. */
PLAIT_API plait_lender_counts plait_lender_stats(plait_lender *lender);

/* Lends no more: borrows return PLAIT_SHUTDOWN, those that wait too. Closes what is parked; what is lent is
 * closed when it is returned. PLAIT_OK, also the second time; PLAIT_BROKEN, PLAIT_INVALID. */
PLAIT_API plait_status plait_lender_close(plait_lender *lender);

/* Waits until all of a closed lender's resources have been closed. PLAIT_OK; PLAIT_INVALID: it was not
 * closed; PLAIT_TIMEOUT (_until), PLAIT_CANCELLED, PLAIT_INTERRUPTED, PLAIT_BROKEN. */
PLAIT_API plait_status plait_lender_join(plait_lender *lender);
PLAIT_API PLAIT_WARN_UNUSED plait_status plait_lender_join_until(plait_lender *lender,
                                                                 plait_deadline deadline);

/* "I let go": closes it and does not wait; what is still lent must be returned all the same, and may be.
 * Nobody may borrow afterwards. NULL is allowed. */
PLAIT_API void plait_lender_free(plait_lender *lender);

PLAIT_END

/* `out`, if it points to what is lent; else it does not compile. */
#ifdef __cplusplus
#define PLAIT__LENT_TO(from, out) (plait__same<std::remove_pointer_t<decltype((from).plait__resource)>>(out))
#else
struct plait__not_what_is_lent {
    char unused;
};
#define PLAIT__LENT_TO(from, out) \
    _Generic((0 ? (from).plait__resource : (out)), \
        void * : (struct plait__not_what_is_lent){0}, \
        default : (out))
#endif

/* Declares the variable `name` and borrows for the rest of the enclosing scope: { plait_borrow(lines, line);
 * ... } NULL if nothing could be borrowed: plait_last_error() says why. For pointers. Whoever discards it
 * before the end of the scope sets the variable to NULL. GNU extension in C (the cleanup attribute). */
#if defined(__GNUC__)
struct plait__loan {
    plait_lender *lender;
    void *resource;
    size_t size;
};
PLAIT__INLINE struct plait__loan plait__loan_begin(plait_lender *lender, void *resource, size_t size) {
    struct plait__loan loan = {lender, resource, size};
    if (plait_lender_borrow_sized(lender, resource, size, PLAIT_FOREVER) != PLAIT_OK) loan.lender = NULL;
    return loan;
}
PLAIT__INLINE void plait__loan_end(const struct plait__loan *loan) {
    const char *byte = (const char *)loan->resource, *end = byte + loan->size;
    while (byte < end && !*byte) byte++;
    if (loan->lender && byte < end) (void)plait_lender_return_sized(loan->lender, loan->resource, loan->size);
}
#define PLAIT__LOAN_NAME(name) plait__loan_of_##name
#ifdef __cplusplus
struct plait__loan_holder {
    explicit plait__loan_holder(const plait__loan &begun) : loan(begun) {}
    ~plait__loan_holder() {
        plait__loan_end(&loan);
    }
    plait__loan_holder(const plait__loan_holder &) = delete;
    plait__loan_holder &operator=(const plait__loan_holder &) = delete;
    plait__loan loan;
};
#define plait_borrow(from, name) \
    std::remove_pointer_t<decltype((from).plait__resource)> name = nullptr; \
    const plait__loan_holder PLAIT__LOAN_NAME(name)(plait__loan_begin((from).lender, &name, sizeof name))
#else
#define plait_borrow(from, name) \
    __typeof__(*(from).plait__resource) name = NULL; \
    __attribute__((cleanup(plait__loan_end), unused)) const struct plait__loan PLAIT__LOAN_NAME( \
        name) = plait__loan_begin((from).lender, &name, sizeof name)
#endif
#endif

#endif
