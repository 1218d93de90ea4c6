/* spin.h - how long a waiting thread looks before it sleeps.
 *
 * Looking for as long as a wake costs, and then sleeping, is at most twice as bad as knowing the future
 * (the ski-rental argument). The cost of a wake is measured while the program runs: a waker notes the
 * time at which it woke a sleeper, the sleeper notes when it ran. Time is counted in ticks of the CPU,
 * never in PAUSE instructions, whose length differs twentyfold between CPUs. Between two looks a spinner
 * pauses, longer each time, so that it leaves the cache line to those who work.
 * Nobody spins on a single CPU or when more threads run than there are CPUs: the one who is waited for
 * may need this very CPU.
 */
#ifndef PLAIT__SPIN_H
#define PLAIT__SPIN_H

#include <stdbool.h>
#include <stdint.h>

struct plait__spin {
    uint64_t end;    /* ticks at which to stop */
    uint32_t pauses; /* before the next look */
};

/* Whether spinning makes sense now; prepares for plait__spin_again. */
bool plait__spin_begin(struct plait__spin *spin);
/* Pauses before another look; false when it is time to sleep. */
bool plait__spin_again(struct plait__spin *spin);
/* A wake took this many ticks from the waker's call to the sleeper's first instruction. */
void plait__spin_learn(uint64_t ticks);
/* The measured cost of a wake in ticks, for dumps and benches. */
uint64_t plait__spin_wake_cost(void);

#endif
