/* bench-pool - what it costs to have many small tasks run by a pool, handed over from outside of it.
 *
 * Every run has a process of its own and a pool with a worker for each CPU; the thread that hands the tasks
 * over is one more. Empty tasks show what a task costs, on all CPUs and with the whole process on one. Tasks
 * that work for a microsecond, run by 1, 2, 4 ... workers up to the number of CPUs, show how that scales.
 */
#include "peers.h"
#include "place.h"
#include "pool_kinds.h"
#include "program.h"
#include "work.h"

#include <stdio.h>

enum { ROUNDS = 11, WAVES = 5, WAVES_OF_WORK = 2, WORK_NS = 1000, MOST = 16, NAME = 64 };

struct setting {
    int workers; /* 0: one for each CPU */
    enum place place;
    size_t waves;
    uint64_t rounds; /* of work in each task */
};

static void run(const void *what, const void *detail, double *figures) {
    const struct pool_kind *kind = what;
    const struct setting *setting = detail;
    size_t tasks = bench_amount(TASKS_AT_ONCE);
    place_first(setting->place);
    int workers = setting->workers ? setting->workers : setting->place == ONE_CPU ? 1 : place_cpus();
    if (kind->program) {
        program_run(kind->program, figures, "pool-run %s %d %zu %zu %zu", kind->name, workers, tasks,
                    setting->waves, (size_t)setting->rounds);
        return;
    }
    kind->start(workers);
    kind->run_many(tasks, setting->rounds); /* its threads start, its memory is touched */
    struct bench_span span = bench_span_start();
    for (size_t i = 0; i < setting->waves; i++) kind->run_many(tasks, setting->rounds);
    bench_span_end(&span, (double)(tasks * setting->waves), figures);
}

static const char *const figures_told[] = {"ns_per_task", "cpu_ns_per_task", NULL};

static void compare(const char *name, const struct setting *setting) {
    static struct bench_shape shapes[MOST];
    static int used;
    if (used == MOST) return;
    shapes[used] = (struct bench_shape){
        name, figures_told, run, setting, pools_running.table, pools_running.count, ROUNDS, .apart = true};
    bench_compare(&shapes[used++]);
}

static void compare_scaling(void) {
    static struct setting settings[MOST];
    static char names[MOST][NAME];
    int count = 0;
    uint64_t rounds = bench_burn_rounds(WORK_NS);
    for (int workers = 1; workers <= place_cpus() && count < MOST - 2; workers *= 2, count++) {
        settings[count] = (struct setting){workers, ANYWHERE, WAVES_OF_WORK, rounds};
        snprintf(names[count], NAME, "tasks of 1 us, %d worker%s", workers, workers == 1 ? "" : "s");
        compare(names[count], &settings[count]);
    }
}

int main(int argc, char **argv) {
    static const struct setting everywhere = {0, ANYWHERE, WAVES, 0};
    static const struct setting on_one = {0, ONE_CPU, WAVES, 0};
    bench_start("pool", argc, argv);
    compare("submit+run an empty task", &everywhere);
    compare("submit+run an empty task, all on one CPU", &on_one);
    compare_scaling();
    return bench_finish();
}
