// The public interface as a C++17 program uses it: the zero-valid objects, scope guards, typed tasks, items by value.
#include <plait.h>

#include <cstdio>
#include <stdexcept>
#include <string>

struct point {
    int x, y;
};

PLAIT_TASK(double, scale, (point, p), (double, by)) {
    return (p.x + p.y) * by;
}

PLAIT_TASK(int, square, (int, x)) {
    return x * x;
}

PLAIT_TASK(void, count_up, (int *, counter), (plait_lock *, lock)) {
    plait_hold(lock);
    ++*counter;
}

PLAIT_TASK(int, fail_with, (const char *, why)) {
    throw std::runtime_error(std::string("because ") + why);
}

// Says which line failed, and fails the program.
static int failures;
static void check(bool good, int line) {
    if (good) return;
    std::printf("program.cpp:%d: not so\n", line);
    failures++;
}
#define CHECK(condition) check((condition), __LINE__)

static void threads() {
    plait_thread *thread = plait_start(scale, point{1, 2}, 2.0);
    double six = 0;
    CHECK(plait_thread_result(thread, &six) == PLAIT_OK && six == 6);
    plait_thread_free(thread);

    static plait_lock lock;
    int counter = 0;
    plait_thread *several[4];
    for (plait_thread *&one : several) one = plait_start(count_up, &counter, &lock);
    for (plait_thread *one : several) {
        CHECK(plait_thread_join(one) == PLAIT_OK);
        plait_thread_free(one);
    }
    CHECK(counter == 4);
}

static void exceptions() {
    plait_thread *thread = plait_start(fail_with, "of this");
    int result = 0;
    CHECK(plait_thread_result(thread, &result) == PLAIT_FAILED);
    CHECK(std::string(plait_thread_message(thread)) == "because of this");
    plait_thread_free(thread);
}

static void pools() {
    plait_pool *pool = plait_pool_new(2);
    int numbers[] = {1, 2, 3, 4}, squares[4] = {};
    CHECK(plait_map(pool, square, numbers, squares, 4) == PLAIT_OK && squares[3] == 16);

    point points[] = {{1, 2}, {3, 4}};
    double by = 10, scaled[2] = {};
    CHECK(plait_starmap(pool, scale, scaled, 2, plait_each(points), plait_repeat(&by)) == PLAIT_OK);
    CHECK(scaled[1] == 70);

    plait_future *future = plait_submit(pool, square, 5);
    int result = 0;
    CHECK(plait_result(future, &result) == PLAIT_OK && result == 25);
    plait_future_free(future);
    plait_pool_free(pool);
}

PLAIT_TASK(long, fibonacci, (int, n)) {
    if (n < 2) return n;
    plait_spawn(one, fibonacci, n - 1);
    long other = fibonacci(n - 2);
    return plait_sync(one) + other;
}

static bool count_to_three(void *item, void *at) {
    int next = ++*static_cast<int *>(at);
    if (next > 3) return false;
    *static_cast<int *>(item) = next;
    return true;
}

static void arrays() {
    plait_pool *pool = plait_pool_new(2);
    int in[3] = {1, 2, 3}, out[3], at = 0, one = 0, sum = 0;
    plait_imap *imap = plait_imap_new(pool, square, in, 3);
    while (plait_imap_next(imap, &one) == PLAIT_OK) sum += one;
    plait_imap_free(imap);
    plait_imap_options unordered = {};
    unordered.unordered = true;
    imap = plait_imap_from_with(pool, &unordered, square, count_to_three, &at);
    while (plait_imap_next_until(imap, &one, plait_after(1000)) == PLAIT_OK) sum += one;
    plait_imap_free(imap);
    CHECK(sum == 28);

    const char *reasons[2] = {"this", "that"};
    plait_status statuses[2];
    plait_map_options options = {};
    options.statuses = statuses;
    size_t index = 7;
    CHECK(plait_map_with(pool, &options, fail_with, reasons, out, 2) == PLAIT_FAILED);
    CHECK(statuses[1] == PLAIT_FAILED && plait_map_message(&index) == std::string("because this") &&
          index == 0);

    plait_submit_options urgent = {};
    urgent.priority = 1;
    plait_future *future = plait_submit_with(pool, &urgent, fibonacci, 15);
    long number = 0;
    CHECK(plait_result(future, &number) == PLAIT_OK && number == 610);
    plait_future_free(future);
    plait_pool_free(pool);
}

static void scopes() {
    plait_pool *pool = plait_pool_new(2);
    int result = 0;
    {
        plait_with_scope(scope, pool);
        plait_future *future = plait_scope_submit(&scope, square, 6);
        plait_thread_free(plait_scope_start(&scope, square, 7));
        CHECK(plait_scope_end(&scope) == PLAIT_OK);
        CHECK(plait_result(future, &result) == PLAIT_OK && result == 36);
        plait_future_free(future);
    }
    try {
        plait_with_scope(scope, pool);
        CHECK(plait_scope_post(&scope, square, 1) == PLAIT_OK);
        throw 1;
    } catch (int) {
        CHECK(!plait_cancelled());
    }
    plait_pool_free(pool);
}

PLAIT_OWNER(text_owner, std::string *);

PLAIT_TASK(std::string *, open_text, (const char *, start)) {
    return new std::string(start);
}
PLAIT_TASK(void, close_text, (std::string *, text)) {
    delete text;
}
PLAIT_TASK(size_t, append, (std::string *, text), (const char *, more)) {
    if (!more) throw std::runtime_error("nothing to append");
    return text->append(more).size();
}

static void owners() {
    text_owner text = plait_owner_open(text_owner, close_text, open_text, "one");
    CHECK(text.owner != nullptr);
    CHECK(plait_tell(text, append, " two") == PLAIT_OK);
    plait_future *length = plait_ask(text, append, " three"), *fails = plait_ask(text, append);
    size_t count = 0;
    CHECK(plait_result(length, &count) == PLAIT_OK && count == 13);
    CHECK(plait_result(fails) == PLAIT_FAILED);
    plait_future_free(length);
    plait_future_free(fails);
    CHECK(plait_owner_close(text.owner) == PLAIT_OK && plait_owner_join(text.owner) == PLAIT_OK);
    plait_owner_free(text.owner);
}

PLAIT_LENDER(text_lender, std::string *);

static size_t length_of(text_lender texts) {
    plait_borrow(texts, text);
    return text ? text->size() : 0;
}

static void lenders() {
    text_lender texts = plait_lender_of(text_lender, 1, close_text, open_text, "four");
    std::string *text = nullptr;
    CHECK(plait_lender_borrow(texts, &text) == PLAIT_OK && *text == "four");
    CHECK(plait_lender_return(texts, text) == PLAIT_OK);
    CHECK(length_of(texts) == 4 && plait_lender_stats(texts.lender).idle == 1);
    plait_lender_free(texts.lender);
}

static void queues() {
    plait_queue *queue = plait_queue_of(point, 2);
    point in = {3, 4}, out = {};
    CHECK(plait_queue_put(queue, &in) == PLAIT_OK);
    CHECK(plait_queue_get_until(queue, &out, plait_after(10)) == PLAIT_OK && out.y == 4);
    CHECK(plait_queue_get_nowait(queue, &out) == PLAIT_EMPTY);
    plait_queue_free(queue);
}

static void waits() {
    static plait_event never;
    CHECK(plait_event_wait_until(&never, PLAIT_NOW) == PLAIT_TIMEOUT);
    plait_case cases[] = {plait_case_event(&never), plait_case_deadline(plait_after(0.001))};
    size_t which = 0;
    CHECK(plait_select(cases, 2, &which) == PLAIT_OK && which == 1);
    plait_shield();
    CHECK(!plait_cancelled());
}

int main() {
    threads();
    exceptions();
    pools();
    arrays();
    scopes();
    owners();
    lenders();
    queues();
    waits();
    return failures ? 1 : 0;
}
