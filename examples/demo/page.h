/* page.h - one web page and the task that fetches it, with libcurl. */
#ifndef DEMO_PAGE_H
#define DEMO_PAGE_H

#include <plait.h>

enum { PAGE_LARGEST = 64 << 20 }; /* bytes; a page that is larger counts as failed */

struct page {
    const char *url;
    double patience; /* seconds after which it is given up */
    bool direct;     /* never through a proxy: for a server on this machine */
    double seconds;  /* written by the fetch: how long it took, also when it failed */
};

/* Fetches the page and returns its size. What goes wrong is raised: PLAIT_TIMEOUT when patience ends,
 * PLAIT_CANCELLED when the thread is asked to stop, PLAIT_FAILED for all that HTTP and the network have
 * to say. The page belongs to the task until it has ended. */
PLAIT_TASK_DECLARE(size_t, fetch_page, (struct page *, page));

#endif
