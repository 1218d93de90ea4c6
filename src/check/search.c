/* search.c - the search as the others see it: it begins schedules, answers questions, counts.
 *
 * The first schedule of every search is the default one. It tells how long runs are; from then on that is
 * learned from each. What is drawn for a schedule (who is preempted when) refers to these lengths.
 */
/* Two processes share this; and the checker's own atomics are no points of the test. */
#define PLAIT__RAW_ATOMICS
#include <base/atomic.h>
#include <check/strategy.h>

/* Of a guided run that goes on at random: of 2^32, who could go on is preempted. */
enum { GUIDED_RATE = 1 << 28 };

size_t plait__search_size(void) {
    return sizeof(struct plait__search);
}

void plait__search_begin(struct plait__search *search, const plait_check_options *options) {
    search->options = *options;
    search->dfs.limit = options->bound;
}

/* About a memory that may fail, each schedule decides beforehand: never, once, or now and then. */
static void draw_memory(struct plait__search *search) {
    uint32_t dice = plait__random_below(&search->random, 4);
    search->memory_fails_at = UINT32_MAX;
    search->memory_rate = 0;
    if (dice == 1 || (dice > 1 && search->usual.memory == 0))
        search->memory_rate = 2;
    else if (dice > 1)
        search->memory_fails_at = plait__random_below(&search->random, search->usual.memory);
}

/* Half of the schedules have neither early deadlines nor disturbances, most others few. */
static void draw_incidents(struct plait__search *search) {
    static const uint8_t counts[8] = {0, 0, 0, 0, 1, 1, 2, 5};
    uint32_t count = counts[plait__random_below(&search->random, 8)];
    plait__moments_draw(&search->incidents, count, search->usual.who, &search->random);
}

static void begin_run(struct plait__search *search, uint64_t number) {
    uint64_t state = search->options.seed ^ number * 0xd1342543de82ef95;
    search->random = plait__random_next(&state);
    search->steps = (struct plait__steps){0};
    search->learned = false;
    draw_memory(search);
    draw_incidents(search);
}

/* A DFS begins with the default schedule itself, AUTO with that DFS. */
static bool is_default(const struct plait__search *search) {
    plait_check_strategy strategy = search->options.strategy;
    return search->tried == 0 && strategy != PLAIT_CHECK_DFS && strategy != PLAIT_CHECK_AUTO;
}

static bool begin_strategy(struct plait__search *search) {
    if (is_default(search)) {
        search->way = PLAIT__BY_DEFAULT;
        return true;
    }
    switch (search->options.strategy) {
    case PLAIT_CHECK_RANDOM:
        search->way = PLAIT__BY_RANDOM;
        plait__random_begin(search);
        return true;
    case PLAIT_CHECK_PCT:
        search->way = PLAIT__BY_PCT;
        plait__pct_begin(search, search->options.depth);
        return true;
    case PLAIT_CHECK_DELAY:
        search->way = PLAIT__BY_DELAY;
        plait__delay_begin(search, search->options.bound);
        return true;
    case PLAIT_CHECK_DFS:
        search->way = PLAIT__BY_DFS;
        return plait__dfs_next(&search->dfs);
    case PLAIT_CHECK_AUTO:
        break;
    }
    return plait__auto_begin(search);
}

/* Nothing but the order is drawn, and few preemptions: what the schedule did is to matter, not what follows. */
static bool next_guided(struct plait__search *search) {
    struct plait__guide *guide = &search->guide;
    if (guide->guided.left == 0) return false;
    guide->guided.left--;
    begin_run(search, ~guide->drawn++);
    search->incidents.count = 0;
    search->memory_rate = 0;
    search->memory_fails_at = UINT32_MAX;
    search->way = guide->delays ? PLAIT__BY_DELAY : PLAIT__BY_RANDOM;
    if (guide->delays)
        plait__delay_begin(search, guide->delays);
    else
        plait__random_begin(search);
    if (search->by_random.rate > GUIDED_RATE) search->by_random.rate = GUIDED_RATE;
    search->by_random.wild = false;
    guide->next = 0;
    if (guide->schedule.count > 0) guide->guided.strayed++; /* until it has made all choices */
    return true;
}

bool plait__search_next(struct plait__search *search) {
    if (search->guide.on) return next_guided(search);
    if (plait__load(&search->stop) || search->only_one || search->dfs.strange ||
        search->tried == search->options.schedules)
        return false;
    begin_run(search, search->tried);
    if (!begin_strategy(search)) return false;
    plait__store(&search->tried, search->tried + 1);
    return true;
}

static uint32_t choose_value(struct plait__search *search, const struct plait__decision *decision) {
    if (decision->question == PLAIT__WHICH_VALUE)
        return plait__random_below(&search->random, decision->count);
    if (search->steps.memory == search->memory_fails_at) return 1;
    return search->memory_rate && plait__random_below(&search->random, 16) < search->memory_rate;
}

static uint32_t choose(struct plait__search *search, const struct plait__decision *decision) {
    if (search->way == PLAIT__BY_DEFAULT) return 0;
    if (search->way == PLAIT__BY_DFS) return plait__dfs_choose(&search->dfs, decision);
    if (decision->question != PLAIT__WHO) return search->guide.delays ? 0 : choose_value(search, decision);
    if (search->way == PLAIT__BY_PCT) return plait__pct_who(search, decision);
    if (search->way == PLAIT__BY_DELAY) return plait__delay_who(search, decision);
    return plait__random_who(search, decision);
}

static void count_step(struct plait__steps *steps, const struct plait__decision *decision) {
    steps->asked++;
    if (decision->question == PLAIT__DOES_MEMORY_FAIL) steps->memory++;
    if (decision->question != PLAIT__WHO) return;
    steps->who++;
    steps->preempt += decision->can_go_on && !decision->yields;
}

/* What the schedule says; true while it does. */
static bool guided(struct plait__guide *guide, const struct plait__decision *decision, uint32_t *choice) {
    if (decision->index >= guide->until) return false;
    const struct plait__schedule *schedule = &guide->schedule;
    *choice = 0;
    if (guide->next == schedule->count || schedule->of[guide->next].index != decision->index) return true;
    uint32_t wanted = schedule->of[guide->next].choice;
    if (wanted >= decision->count) return true;
    *choice = wanted;
    if (++guide->next == schedule->count) guide->guided.strayed--;
    return true;
}

uint32_t plait__search_choose(struct plait__search *search, const struct plait__decision *decision) {
    uint32_t choice;
    if (search->guide.on && guided(&search->guide, decision, &choice)) return choice;
    choice = choose(search, decision);
    count_step(&search->steps, decision);
    return choice;
}

void plait__search_learned(struct plait__search *search) {
    search->learned = true;
    search->dfs.anew = !search->dfs.strange;
    search->dfs.complete = false;
}

static void count_order(struct plait__search *search, uint64_t order) {
    if (order == 0) order = 1;
    uint64_t place = order * 0x9e3779b97f4a7c15 >> 44;
    for (; search->order_set[place]; place = (place + 1) % PLAIT__ORDERS) {
        if (search->order_set[place] == order) return;
    }
    if (search->orders == PLAIT__ORDERS / 4 * 3) {
        search->more_orders = true;
        return;
    }
    search->order_set[place] = order;
    search->orders++;
}

/* Falls slowly, so that one short run changes little. */
static void learn(uint32_t *usual, uint32_t seen) {
    uint32_t slowly = *usual - *usual / 8;
    *usual = seen > slowly ? seen : slowly;
}

void plait__search_ran(struct plait__search *search, const struct plait__end *end) {
    if (search->guide.on) return;
    search->points += end->points;
    search->decisions += end->decisions;
    count_order(search, end->order);
    if (search->steps.asked == 0 && !search->learned) search->only_one = true;
    learn(&search->usual.who, search->steps.who);
    learn(&search->usual.preempt, search->steps.preempt);
    learn(&search->usual.memory, search->steps.memory);
}

void plait__search_stop(struct plait__search *search) {
    plait__store(&search->stop, 1);
}

struct plait__searched plait__search_result(const struct plait__search *search) {
    const struct plait__dfs *dfs = &search->dfs;
    struct plait__searched searched = {
        .schedules = plait__load(&search->tried),
        .points = search->points,
        .decisions = search->decisions,
        .orders = search->orders,
        .more_orders = search->more_orders,
        .complete = search->only_one || (dfs->complete && dfs->completed >= dfs->limit),
        .bound = search->only_one ? PLAIT__NO_BOUND : dfs->completed,
        .within = search->only_one ? 1 : dfs->within,
        .strange = dfs->strange,
        .differs_at = dfs->differs_at,
    };
    return searched;
}

void plait__search_guide(struct plait__search *search, const struct plait__schedule *schedule, uint32_t until,
                         unsigned delays, uint64_t runs) {
    struct plait__guide *guide = &search->guide;
    uint32_t count = 0;
    for (; schedule && count < schedule->count && schedule->of[count].index < until; count++) {
        guide->schedule.of[count] = schedule->of[count];
    }
    guide->schedule.count = count;
    guide->until = until;
    guide->delays = delays;
    guide->guided = (struct plait__guided){.left = runs};
    guide->on = true;
}

struct plait__guided plait__search_guided(const struct plait__search *search) {
    struct plait__guided guided = search->guide.guided;
    guided.strays = search->guide.next < search->guide.schedule.count;
    return guided;
}
