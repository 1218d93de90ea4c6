/* auto.c - the strategies take turns, for each finds quickly what another misses.
 *
 * Most failures need one preemption. If there are few places for it, all of them are tried first. After
 * that every fourth schedule goes on with the exhaustive search, which would be lost alone in a long run: it
 * varies the last decisions first. The others are drawn at random, also in how far they go.
 */
#include <check/strategy.h>

/* Only with this many ways to preempt once are they all tried first. */
enum { FEW = 400 };

static bool dfs_first(const struct plait__search *search) {
    const struct plait__dfs *dfs = &search->dfs;
    return dfs->runs == 0 || (dfs->bound <= 1 && dfs->width <= FEW && search->tried <= 2 * FEW);
}

bool plait__auto_begin(struct plait__search *search) {
    struct plait__dfs *dfs = &search->dfs;
    if (dfs->anew || (!dfs->done && (dfs_first(search) || search->tried % 4 == 0))) {
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
