/* addresses.h - the addresses of the pages that the user wants. */
#ifndef DEMO_ADDRESSES_H
#define DEMO_ADDRESSES_H

enum { ADDRESSES_MOST = 10000 };

struct addresses {
    int count;
    char **urls;
};

/* Reads the arguments: URLs, and --urls FILE (a URL a line; empty lines and those that begin with # do not
 * count). What is wrong is said on standard error, and 0 is returned. Free them in either case. */
int addresses_read(struct addresses *addresses, int count, char **arguments);
void addresses_free(struct addresses *addresses);

#endif
