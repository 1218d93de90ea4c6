/* spin.c - the spinning policy; the essay is in spin.h.
 *
 * The cost is one relaxed word that any thread updates without care: a lost update is just one sample
 * less. It follows cheaper wakes fast and dearer ones slowly, because a wake that had to queue for a CPU
 * tells about the load, not about the wake.
 */
#include <base/atomic.h>
#include <base/os.h>
#include <wait/self.h>
#include <wait/spin.h>

enum { FIRST_GUESS_US = 5, LEAST_US = 1, MOST_US = 12, MOST_MISSES = 6 };

static uint64_t wake_cost; /* in ticks; 0: not known yet */

uint64_t plait__spin_wake_cost(void) {
    uint64_t cost = plait__load(&wake_cost);
    return cost ? cost : FIRST_GUESS_US * plait__os_ticks_per_us();
}

bool plait__spin_begin(struct plait__spin *spin, enum plait__spin_on on) {
    int cpus = plait__spinning_cpus();
    if (cpus < 2 || plait__running() > (uint32_t)cpus) return false;
    struct plait__self *self = plait__self();
    if (self->spins_to_skip) {
        self->spins_to_skip--;
        return false;
    }
    spin->self = self;
    spin->missed = self->spins_missed;
    self->spins_missed = 0; /* unless it misses again */
    uint64_t cost = plait__spin_wake_cost();
    spin->end = plait__os_ticks() + cost;
    spin->gap = cost / (on == PLAIT__SPIN_ON_OWN ? 128 : 64);
    spin->longest = on == PLAIT__SPIN_ON_OWN ? spin->gap : cost / 4;
    return true;
}

/* The first miss costs nothing, the second two spins, then six, fourteen, thirty, sixty-two. */
static void miss(const struct plait__spin *spin) {
    uint32_t missed = spin->missed < MOST_MISSES ? spin->missed + 1 : MOST_MISSES;
    spin->self->spins_missed = missed;
    spin->self->spins_to_skip = (UINT32_C(1) << missed) - 2;
}

bool plait__spin_again(struct plait__spin *spin) {
    uint64_t now = plait__os_ticks(), next = now + spin->gap;
    while (now < next) {
        plait__os_pause();
        now = plait__os_ticks();
    }
    if (spin->gap < spin->longest) spin->gap *= 2;
    if (now < spin->end) return true;
    miss(spin);
    return false;
}

void plait__spin_learn(uint64_t ticks) {
    uint64_t rate = plait__os_ticks_per_us();
    uint64_t cost = plait__spin_wake_cost();
    cost = ticks < cost ? cost - (cost - ticks) / 4 : cost + (ticks - cost) / 64;
    if (cost < LEAST_US * rate) cost = LEAST_US * rate;
    if (cost > MOST_US * rate) cost = MOST_US * rate;
    plait__store(&wake_cost, cost);
}
