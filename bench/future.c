/* bench-future - what it costs to ask a task for its result. See also fork.c.
 *
 * From outside: many tasks handed over, then each result asked for; and one task at a time. Every run has a
 * process of its own and a pool with a worker for each CPU.
 */
#include "parts.h"
#include "peers.h"
#include "place.h"
#include "pool_kinds.h"
#include "program.h"
#include "work.h"

enum { ROUNDS = 11, BATCHES = 60, ALONE = 4000 };

struct setting {
    size_t batch;
    size_t batches;
    enum place place;
};

static void take(const struct pool_kind *kind, size_t batch, size_t batches) {
    long expected = (long)(batch * (batch + 1) / 2);
    for (size_t i = 0; i < batches; i++)
        if (kind->results(batch) != expected) bench_fail("a wrong result");
}

static void run(const void *what, const void *detail, double *figures) {
    const struct pool_kind *kind = what;
    const struct setting *setting = detail;
    size_t batches = bench_amount(setting->batches);
    place_first(setting->place);
    int workers = setting->place == ONE_CPU ? 1 : place_cpus();
    if (kind->program) {
        program_run(kind->program, figures, "pool-results %s %d %zu %zu", kind->name, workers, setting->batch,
                    batches);
        return;
    }
    kind->start(workers);
    take(kind, setting->batch, batches / 10 + 1);
    struct bench_span span = bench_span_start();
    take(kind, setting->batch, batches);
    bench_span_end(&span, (double)(setting->batch * batches), figures);
}

static const char *const figures_told[] = {"ns_per_task", "cpu_ns_per_task", NULL};
static const struct setting settings[] = {
    {RESULTS_AT_ONCE, BATCHES, ANYWHERE},
    {1, ALONE, ANYWHERE},
    {RESULTS_AT_ONCE, BATCHES, ONE_CPU},
    {1, ALONE, ONE_CPU},
};
static const char *const names[LENGTH(settings)] = {
    "submit+result, 1000 at a time",
    "submit+result, one at a time",
    "submit+result, 1000 at a time, all on one CPU",
    "submit+result, one at a time, all on one CPU",
};

static void compare_results(void) {
    static struct bench_shape shapes[LENGTH(settings)];
    for (int i = 0; i < LENGTH(settings); i++) {
        shapes[i] = (struct bench_shape){
            names[i], figures_told, run, &settings[i], pools_with_results.table, pools_with_results.count,
            ROUNDS,   .apart = true};
        bench_compare(&shapes[i]);
    }
}

int main(int argc, char **argv) {
    bench_start("future", argc, argv);
    compare_results();
    compare_fork();
    return bench_finish();
}
