/* fetch.c - fetches many web pages at once: act 1 of the demo, and the job that pools are for.
 *
 * Fetching is waiting. One thread waits for one page after the other; eight wait for eight at a time. The
 * same pages are fetched with more and more threads, and each time is set beside the best that is
 * possible: nobody is faster than the slowest page, and t threads are at most t times as fast as one. (The
 * pages are taken in the order given. Who does not know beforehand which are slow may begin one late, and
 * then the others have nothing left to do: that is what eight threads miss.)
 * Rounds: 1, 4, 8 and 13 threads, then one for each page, but not more than 200.
 *
 *     plait-demo fetch                       forty pages of a small server inside this program
 *     plait-demo fetch URL URL ...           these pages
 *     plait-demo fetch --urls FILE           those that the file names, one a line
 *
 * The heart is round_of(): submit a task for each page, count them as they finish, collect the results.
 */
#include "demo/acts.h"
#include "demo/addresses.h"
#include "demo/page.h"
#include "demo/progress.h"
#include "demo/web.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OWN_PAGES = 40,
    OWN_FAILING = 17,
    OWN_HANGING = 3,
    URL_LENGTH = 64,
    MESSAGE = 200,
    THREADS_MOST = 200,
    WRONG_USAGE = 2
};
static const double OWN_PATIENCE = 0.5, PATIENCE = 10;

/* What came of a page in the last round. */
struct outcome {
    plait_status status;
    size_t bytes;
    char message[MESSAGE];
};

struct job {
    int count;
    struct page *pages;
    struct outcome *outcomes;
    plait_future **futures;
    double *least;       /* seconds that each page takes at least */
    bool least_is_known; /* else the shortest time that was measured so far */
    double one_thread;   /* seconds of the first round */
};

/* ---- one round ---- */

static void one_finished(plait_future *future, void *semaphore) {
    (void)future;
    plait_semaphore_release(semaphore, 1);
}

static void collect(struct outcome *outcome, plait_future *future) {
    outcome->bytes = 0;
    outcome->status = plait_result(future, &outcome->bytes);
    const char *message = outcome->status == PLAIT_OK ? NULL : plait_future_message(future);
    snprintf(outcome->message, MESSAGE, "%s", message ? message : plait_status_text(outcome->status));
    plait_future_free(future);
}

/* Pages that came, or failed by themselves. */
static int count_done(const struct job *job) {
    int done = 0;
    for (int i = 0; i < job->count; i++) done += job->outcomes[i].status != PLAIT_CANCELLED;
    return done;
}

/* Fetches all pages with this many threads. Returns how many were done: fewer than all after Ctrl-C. */
static int round_of(struct job *job, int threads) {
    char what[32];
    snprintf(what, sizeof what, "%3d thread%s", threads, threads == 1 ? "" : "s");
    plait_semaphore finished = PLAIT_SEMAPHORE_INIT(0);
    plait_pool *pool = plait_pool_new(threads);
    if (!pool) return 0;
    for (int i = 0; i < job->count; i++) {
        job->futures[i] = plait_submit(pool, fetch_page, &job->pages[i]);
        plait_future_add_done_callback(job->futures[i], one_finished, &finished);
    }
    int shown = 0;
    progress_show(what, shown, job->count);
    while (shown < job->count && plait_semaphore_acquire(&finished) == PLAIT_OK)
        progress_show(what, ++shown, job->count);
    progress_clear();

    /* After Ctrl-C what has not begun never will; what runs stops by itself. This waits for it. */
    plait_pool_shutdown(pool, true, true);
    for (int i = 0; i < job->count; i++) collect(&job->outcomes[i], job->futures[i]);
    plait_pool_free(pool);
    return count_done(job);
}

/* ---- measured against possible ---- */

static double best_possible(const struct job *job, int threads) {
    double longest = 0, sum = 0;
    for (int i = 0; i < job->count; i++) {
        sum += job->least[i];
        if (job->least[i] > longest) longest = job->least[i];
    }
    return sum / threads > longest ? sum / threads : longest;
}

static void learn_least(struct job *job) {
    for (int i = 0; i < job->count && !job->least_is_known; i++)
        if (job->least[i] == 0 || job->pages[i].seconds < job->least[i])
            job->least[i] = job->pages[i].seconds;
}

static int count_failed(const struct job *job) {
    int failed = 0;
    for (int i = 0; i < job->count; i++) failed += job->outcomes[i].status != PLAIT_OK;
    return failed;
}

static void print_row(struct job *job, int threads, double seconds) {
    if (threads == 1) job->one_thread = seconds;
    learn_least(job);
    double best = best_possible(job, threads);
    printf("  %7d  %6d  %7.2f s  %7.1f x  %11.2f s  %7.0f %%\n", threads, count_failed(job), seconds,
           job->one_thread / seconds, best, 100 * best / seconds);
    fflush(stdout);
}

/* What the last round had to say of each page that did not come. */
static void print_failures(const struct job *job) {
    size_t bytes = 0;
    for (int i = 0; i < job->count; i++) {
        const struct outcome *outcome = &job->outcomes[i];
        bytes += outcome->bytes;
        if (outcome->status != PLAIT_OK && outcome->status != PLAIT_CANCELLED)
            printf("  failed: %s: %s\n", job->pages[i].url, outcome->message);
    }
    printf("  the pages of the last round had %zu bytes\n", bytes);
}

/* All rounds. Returns how many pages failed in the last, or -1 after Ctrl-C. */
static int all_rounds(struct job *job) {
    int most = job->count < THREADS_MOST ? job->count : THREADS_MOST;
    int threads[] = {1, 4, 8, 13, most};
    int done = job->count;
    printf("  %7s  %6s  %9s  %9s  %13s  %9s\n", "threads", "failed", "time", "speed-up", "best possible",
           "reached");
    fflush(stdout);
    for (size_t i = 0; i < sizeof threads / sizeof *threads && done == job->count; i++) {
        if (i > 0 && (threads[i] > most || threads[i] == threads[i - 1])) continue;
        double start = plait_monotonic();
        done = round_of(job, threads[i]);
        double seconds = plait_monotonic() - start;
        if (done == job->count)
            print_row(job, threads[i], seconds);
        else
            printf("  %7d  stopped after %.2f s with %d of %d pages done\n", threads[i], seconds, done,
                   job->count);
    }
    print_failures(job);
    return done == job->count ? count_failed(job) : -1;
}

/* ---- the pages ---- */

static bool job_init(struct job *job, int count) {
    size_t places = (size_t)count;
    *job = (struct job){.count = count};
    job->pages = calloc(places, sizeof *job->pages);
    job->outcomes = calloc(places, sizeof *job->outcomes);
    job->futures = calloc(places, sizeof(plait_future *));
    job->least = calloc(places, sizeof *job->least);
    return job->pages && job->outcomes && job->futures && job->least;
}

static void job_free(struct job *job) {
    free(job->pages);
    free(job->outcomes);
    free((void *)job->futures);
    free(job->least);
}

/* Pages of 20 to 180 ms, in no order. */
static void lay_out(struct web_page pages[static OWN_PAGES]) {
    for (int i = 0; i < OWN_PAGES; i++) pages[i] = (struct web_page){0.02 + 0.004 * (i * 27 % 41), WEB_PAGE};
    pages[OWN_FAILING].kind = WEB_FAILS;
    pages[OWN_HANGING].kind = WEB_HANGS;
}

static int fetch_own(struct job *job) {
    struct web_page pages[OWN_PAGES];
    char urls[OWN_PAGES][URL_LENGTH];
    lay_out(pages);
    web *server = web_start(pages, OWN_PAGES);
    if (!server) {
        fputs("the web server does not start\n", stderr);
        return 1;
    }
    for (int i = 0; i < OWN_PAGES; i++) {
        snprintf(urls[i], URL_LENGTH, "http://127.0.0.1:%d/%d", web_port(server), i);
        bool hangs = pages[i].kind == WEB_HANGS; /* the others come in the end, on a busy machine, too */
        job->pages[i] = (struct page){
            .url = urls[i], .patience = hangs ? OWN_PATIENCE : PATIENCE, .direct = true};
        job->least[i] = hangs ? OWN_PATIENCE : pages[i].delay;
    }
    job->least_is_known = true;
    printf("  %d pages of a server in this program: one is broken, one never answers and is given up after"
           " %.1f s\n",
           OWN_PAGES, OWN_PATIENCE);
    int failed = all_rounds(job);
    web_stop(server);
    bool as_planned = failed == 2 && job->outcomes[OWN_FAILING].status == PLAIT_FAILED &&
                      job->outcomes[OWN_HANGING].status == PLAIT_TIMEOUT;
    return as_planned || failed < 0 ? 0 : 1;
}

static int fetch_these(struct job *job, const struct addresses *addresses) {
    for (int i = 0; i < job->count; i++)
        job->pages[i] = (struct page){.url = addresses->urls[i], .patience = PATIENCE};
    printf("  %d pages, each given up after %.0f s; best possible by the shortest time of each\n", job->count,
           PATIENCE);
    return all_rounds(job) == job->count ? 1 : 0;
}

static int fetch_addresses(const struct addresses *addresses) {
    struct job job;
    int status = 1;
    puts("Fetching many web pages at once");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("libcurl does not start\n", stderr);
        return status;
    }
    if (!job_init(&job, addresses->count ? addresses->count : OWN_PAGES))
        fputs("out of memory\n", stderr);
    else
        status = addresses->count ? fetch_these(&job, addresses) : fetch_own(&job);
    job_free(&job);
    curl_global_cleanup();
    return status;
}

int act_fetch(int count, char **arguments) {
    struct addresses addresses;
    int status = addresses_read(&addresses, count, arguments) ? fetch_addresses(&addresses) : WRONG_USAGE;
    addresses_free(&addresses);
    return status;
}
