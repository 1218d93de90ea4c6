/* spin.h - how long a waiting thread looks before it sleeps.
 *
 * Looking for as long as a wake costs, and then sleeping, is at most twice as bad as knowing the future
 * (the ski-rental argument). The cost of a wake is measured while the program runs: a waker notes the
 * time at which it woke a sleeper, the sleeper notes when it ran. Time is counted in ticks of the CPU,
 * never in PAUSE instructions, whose length differs twentyfold between CPUs. Between two looks at a word
 * that others work on a spinner stays away, longer each time, so that it leaves the cache line to them;
 * a word that is only the spinner's own it may look at often.
 * Nobody spins on a single CPU, or when more threads run than there are CPUs: the one who is waited for
 * may need this very CPU. The threads of other programs cannot be counted; but they show by spins that
 * are in vain. A thread that has missed several times in a row skips more and more of its spins, up to
 * sixty-two between two trials, until one succeeds.
 */
#ifndef PLAIT__SPIN_H
#define PLAIT__SPIN_H

#include <plait/cpu.h>
#include <stdbool.h>
#include <stdint.h>
#include <wait/self.h>

/* How many CPUs there are for spinning. In the checked build one thread runs at a time: nobody spins. */
static inline int plait__spinning_cpus(void) {
#if defined(PLAIT_CHECKED)
    return 1;
#else
    return plait_cpu_count();
#endif
}

/* What is looked at: a word that only this thread waits on, or one that others work on. */
enum plait__spin_on { PLAIT__SPIN_ON_OWN, PLAIT__SPIN_ON_SHARED };

/* Times in ticks. */
struct plait__spin {
    struct plait__self *self;
    uint32_t missed;  /* by this thread in a row, before this one */
    uint64_t end;     /* when to stop */
    uint64_t gap;     /* until the next look */
    uint64_t longest; /* that the gap may grow to */
};

/* Whether spinning makes sense now; prepares for plait__spin_again. */
bool plait__spin_begin(struct plait__spin *spin, enum plait__spin_on on);
/* Pauses before another look; false when it is time to sleep. */
bool plait__spin_again(struct plait__spin *spin);
/* A wake took this many ticks from the waker's call to the sleeper's first instruction. */
void plait__spin_learn(uint64_t ticks);
/* The measured cost of a wake in ticks, for dumps and benches. */
uint64_t plait__spin_wake_cost(void);

#endif
