/* strategy.h - what the strategies share: the state of the search, random numbers, moments.
 *
 * Every schedule begins with random numbers of its own, made of the seed and its number, so a search is the
 * same each time, whatever happened in between. A strategy has two functions: `begin` before each of its
 * schedules, `who` at each decision about who goes on; the DFS, which owns all kinds of decisions, has its own.
 */
#ifndef PLAIT__STRATEGY_H
#define PLAIT__STRATEGY_H

#include <check/search.h>

enum { PLAIT__MOMENTS = 64, PLAIT__LEVELS = PLAIT__TRAIL, PLAIT__ORDERS = 1 << 20 };

/* Numbers of steps, by growing number, at each of which something is to happen. */
struct plait__moments {
    uint32_t count, next;
    uint32_t at[PLAIT__MOMENTS];
};

/* Which of a run's decisions lie before this moment, or, of runs that have ended, how many there are. */
struct plait__steps {
    uint32_t who;     /* about who goes on */
    uint32_t preempt; /* ... where the running actor could have gone on, and wanted to */
    uint32_t memory;  /* whether memory fails */
    uint32_t asked;   /* all */
};

struct plait__random {
    uint64_t rate; /* of 2^32: how often who could go on may not */
    bool wild;     /* deadlines and disturbances are as likely as everything else */
};

struct plait__pct {
    struct plait__moments changes;
    uint32_t priority[PLAIT__ACTORS]; /* 0: not seen yet */
    uint32_t lowest;
};

struct plait__level {
    uint32_t signature; /* of the decision met here */
    uint32_t choice, next;
};

struct plait__dfs {
    bool started, done, anew; /* anew: something was learned */
    bool cut;                 /* the bound left something out */
    bool overflow;            /* a run was longer than what is kept of it */
    bool strange;             /* a run differed although the choices were the same, */
    uint32_t differs_at;      /* ... at this decision */
    bool complete;            /* an iteration is: `completed` was its bound */
    uint32_t completed;
    uint64_t within;    /* ... and so many runs it had */
    uint64_t iteration; /* runs of this one so far */
    uint32_t bound, limit;
    uint32_t depth; /* levels whose choices are settled for this run */
    uint32_t at;    /* levels met in this run */
    uint32_t last;  /* the last decision met */
    uint32_t spent; /* of the bound */
    uint64_t width; /* what the bound left out in the very first run */
    uint64_t runs;
    uint32_t tick;
    uint32_t ran_at[PLAIT__ACTORS];     /* when it ran last */
    uint32_t yielded_at[PLAIT__ACTORS]; /* when it yielded, if that is the last it did; else 0 */
    struct plait__level levels[PLAIT__LEVELS];
};

struct plait__guide {
    struct plait__guided guided;
    bool on;
    uint32_t until, next;
    unsigned delays;
    uint64_t drawn; /* runs that were guided so far */
    struct plait__schedule schedule;
};

enum plait__way { PLAIT__BY_DEFAULT, PLAIT__BY_RANDOM, PLAIT__BY_PCT, PLAIT__BY_DELAY, PLAIT__BY_DFS };

struct plait__search {
    plait_check_options options;
    int stop; /* atomic, as is `tried` */
    uint64_t tried, points, decisions;
    uint64_t orders;
    bool more_orders;
    bool learned;  /* in this run */
    bool only_one; /* a run met no choice at all: there is one order */
    enum plait__way way;
    uint64_t random; /* the state of this schedule's random numbers */
    struct plait__steps steps, usual;
    uint32_t memory_fails_at;        /* this one, or */
    uint32_t memory_rate;            /* of 16 */
    struct plait__moments incidents; /* deadlines that pass early, and disturbances */
    struct plait__moments delays;
    struct plait__random by_random;
    struct plait__pct pct;
    struct plait__guide guide;
    struct plait__dfs dfs;
    uint64_t order_set[PLAIT__ORDERS];
};

/* Steele, Lea, Flood's splitmix64. */
static inline uint64_t plait__random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* One of 0 .. n-1. */
static inline uint32_t plait__random_below(uint64_t *state, uint32_t n) {
    return (uint32_t)((plait__random_next(state) >> 32) * n >> 32);
}

/* So many moments of a run that takes about `steps` steps. */
void plait__moments_draw(struct plait__moments *moments, uint32_t count, uint32_t steps, uint64_t *random);
/* Whether one is due; it is then used up. */
static inline bool plait__moment_comes(struct plait__moments *moments, uint32_t step) {
    if (moments->next == moments->count || moments->at[moments->next] > step) return false;
    moments->next++;
    return true;
}

/* One of those who can run, all equally likely; `except` (an actor) only if there is no other. */
enum { PLAIT__NOBODY = PLAIT__ACTORS };
uint32_t plait__random_runner(struct plait__search *search, const struct plait__decision *decision,
                              uint32_t except);
/* If an early deadline or a disturbance is due and possible: that alternative; else 0. */
uint32_t plait__incident(struct plait__search *search, const struct plait__decision *decision);
/* Nobody can run: mostly the first deadline, sometimes another. */
uint32_t plait__nobody_can_run(struct plait__search *search, const struct plait__decision *decision);

void plait__random_begin(struct plait__search *search);
uint32_t plait__random_who(struct plait__search *search, const struct plait__decision *decision);
void plait__pct_begin(struct plait__search *search, unsigned depth);
uint32_t plait__pct_who(struct plait__search *search, const struct plait__decision *decision);
void plait__delay_begin(struct plait__search *search, unsigned bound);
uint32_t plait__delay_who(struct plait__search *search, const struct plait__decision *decision);

/* False: everything within the bound has been tried, or it cannot go on. */
bool plait__dfs_next(struct plait__dfs *dfs);
uint32_t plait__dfs_choose(struct plait__dfs *dfs, const struct plait__decision *decision);

/* False: there is nothing that has not been tried. */
bool plait__auto_begin(struct plait__search *search);

#endif
