/* rendezvous.c - a queue in which nothing ever lies: a putter and a getter meet, and the item goes over.
 *
 * Whoever comes second does it all. Under the mutex it looks into the list of the other side for somebody to
 * claim, and copies the item between the two callers' memory, of which the other one's is in its node. The
 * claim is made with a gift: it says "done", not "try". That the other one may see its claim before the copy
 * is made does no harm, for it comes back through the mutex before it looks at the item, or its own memory
 * ends. If the other one has been claimed already (its deadline has passed; as a case of a select it was
 * paired elsewhere) the claim fails and the next in the list is tried.
 *
 * So a put returns when its item has been taken, exactly once; one that gives up by itself has not been
 * claimed, and its item has not been touched. No pair is missed: to find nobody and to be listed is one step
 * under the mutex, so of two that fit the second one finds the first.
 *
 * A select that would meet somebody when it is about to be listed is not listed: it takes off the nodes it
 * has listed and attempts again, which claims the other one. Two or more selects may do so to each other at
 * once, in a circle, too: each then finds nobody, and begins anew with its cases in another order, until one
 * is listed while another attempts. None of them sleeps meanwhile.
 *
 * Nobody is ever "on his way" here (`waking`), except by a shutdown, which claims without a gift.
 */
#include <queue/queue.h>

static struct plait__node *claim_partner(struct plait__side *side, struct plait__wakes *wakes) {
    struct plait__link *link;
    while ((link = plait__list_first(&side->nodes)) != NULL) {
        struct plait__node *node = plait__of_link(link, struct plait__node, link);
        if (plait__claim(node, PLAIT__GIFT, wakes)) return node;
    }
    return NULL;
}

plait_status plait__rendezvous_put(plait_queue *queue, const char *item, struct plait__wakes *wakes) {
    struct plait__node *getter = claim_partner(&queue->getters, wakes);
    if (!getter) return PLAIT_BUSY;
    plait__ring_copy(getter->item, item, queue->items.size);
    queue->unfinished++;
    return PLAIT_OK;
}

plait_status plait__rendezvous_get(plait_queue *queue, char *item, struct plait__wakes *wakes) {
    if (queue->shut_down) return PLAIT_SHUTDOWN;
    struct plait__node *putter = claim_partner(&queue->putters, wakes);
    if (!putter) return PLAIT_BUSY;
    plait__ring_copy(item, putter->item, queue->items.size);
    queue->unfinished++;
    return PLAIT_OK;
}

bool plait__rendezvous_possible(const struct plait__side *side, const struct plait__waiter *waiter) {
    for (struct plait__link *link = plait__list_first(&side->nodes); link;
         link = plait__list_after(&side->nodes, link))
        if (plait__of_link(link, struct plait__node, link)->waiter != waiter) return true;
    return false;
}
