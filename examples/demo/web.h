/* web.h - a small web server inside the program, so that the demo needs no network.
 *
 * It serves GET /0, /1, ... on a free port of the loopback interface. Each page comes after a delay of its
 * own; one kind answers with an error, another never answers.
 */
#ifndef DEMO_WEB_H
#define DEMO_WEB_H

#include <plait.h>

enum web_kind { WEB_PAGE, WEB_FAILS, WEB_HANGS };

struct web_page {
    double delay; /* seconds */
    enum web_kind kind;
};

typedef struct web web;

/* Starts the server; the pages must stay until web_stop. NULL if it cannot: no port, no memory, no thread. */
web *web_start(const struct web_page *pages, int count);
int web_port(const web *server);
/* Ends all connections, whatever they are at, and frees the server. NULL is allowed. */
void web_stop(web *server);

#endif
