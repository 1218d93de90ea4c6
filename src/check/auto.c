/* auto.c - the strategies take turns, for each finds quickly what another misses.
 *
 * Most failures need one preemption. While there are few places for it, every second schedule is one of the
 * exhaustive search; after that every fourth. Alone it would be lost in a long run, for it varies the last
 * decisions first. The others are drawn at random, also in how far they go.
 */
#include <check/strategy.h>

/* So many ways to preempt once are few. */
enum { FEW = 400 };

static bool is_turn_of_dfs(const struct plait__search *search) {
    const struct plait__dfs *dfs = &search->dfs;
    if (dfs->done && !dfs->anew) return false;
    return search->tried % (dfs->anew || (dfs->bound <= 1 && dfs->width <= FEW) ? 2 : 4) == 0;
}

bool plait__auto_begin(struct plait__search *search) {
    struct plait__dfs *dfs = &search->dfs;
    if (is_turn_of_dfs(search)) {
        search->way = PLAIT__BY_DFS;
        if (plait__dfs_next(dfs)) return true;
    }
    if (dfs->complete && dfs->completed == PLAIT__NO_BOUND) return false;
    uint64_t dice = plait__random_next(&search->random);
    if (dice % 8 < 3) {
        search->way = PLAIT__BY_RANDOM;
        plait__random_begin(search);
    } else if (dice % 8 < 6) {
        search->way = PLAIT__BY_PCT;
        plait__pct_begin(search, 2 + (unsigned)(dice >> 32) % search->options.depth);
    } else {
        search->way = PLAIT__BY_DELAY;
        plait__delay_begin(search, search->options.bound);
    }
    return true;
}
