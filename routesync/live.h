/* SPDX-License-Identifier: ISC */
/* One NAME published by several nodes: their lines -> one line with all targets. Pure. */
#ifndef LIVE_H
#define LIVE_H

#include <stddef.h>

#include "slice.h"

struct live {
	char *out;		/* borrowed, ROUTES_LINE_MAX bytes */
	size_t len;
};

/* Start with the canonical line of the first node. */
void live_begin(struct live *l, char *out, struct slice line);

/* Add another node's targets; the NAME is the same. NULL, or the reason why nothing was added. */
const char *live_add(struct live *l, struct slice line);

struct slice live_line(const struct live *l);

#endif
