/* alarms.c - the pairing heap of alarms.h: a tree in which no alarm comes before its parent. */
#include <stddef.h>
#include <thread/alarms.h>

static bool before(const struct plait__alarm *one, const struct plait__alarm *other) {
    return one->at < other->at || (one->at == other->at && one->order < other->order);
}

/* Two trees, without siblings, become one. */
static struct plait__alarm *meld(struct plait__alarm *one, struct plait__alarm *other) {
    if (!one || !other) return one ? one : other;
    if (before(other, one)) {
        struct plait__alarm *swap = one;
        one = other;
        other = swap;
    }
    other->next = one->child;
    if (other->next) other->next->previous = other;
    other->previous = one;
    one->child = other;
    return one;
}

static struct plait__alarm *alone(struct plait__alarm *alarm) {
    alarm->next = alarm->previous = NULL;
    return alarm;
}

/* Siblings become one tree: in pairs from left to right, then the pairs from right to left. */
static struct plait__alarm *meld_siblings(struct plait__alarm *siblings) {
    struct plait__alarm *pairs = NULL, *tree = NULL;
    while (siblings) {
        struct plait__alarm *one = siblings, *other = one->next;
        siblings = other ? other->next : NULL;
        struct plait__alarm *pair = meld(alone(one), other ? alone(other) : NULL);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct plait__alarm *pair = pairs;
        pairs = pair->next;
        tree = meld(tree, alone(pair));
    }
    return tree;
}

void plait__alarms_add(struct plait__alarms *alarms, struct plait__alarm *alarm, int64_t at) {
    *alarm = (struct plait__alarm){.at = at, .order = alarms->order++, .set = true};
    alarms->first = meld(alarms->first, alarm);
}

static void cut(struct plait__alarm *alarm) {
    if (alarm->previous->child == alarm)
        alarm->previous->child = alarm->next;
    else
        alarm->previous->next = alarm->next;
    if (alarm->next) alarm->next->previous = alarm->previous;
}

void plait__alarms_remove(struct plait__alarms *alarms, struct plait__alarm *alarm) {
    struct plait__alarm *below = meld_siblings(alarm->child);
    if (alarms->first == alarm) {
        alarms->first = below;
    } else {
        cut(alarm);
        alarms->first = meld(alarms->first, below);
    }
    *alarm = (struct plait__alarm){0};
}
