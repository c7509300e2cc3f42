/* SPDX-License-Identifier: ISC */
/* The /metrics endpoint: one small HTTP answer per connection. */
#ifndef SCRAPE_H
#define SCRAPE_H

#include "ev.h"
#include "metrics.h"

/* Answer on the listening socket fd (borrowed) from ev, for the process's life. */
void scrape_start(struct ev *ev, const struct metrics *metrics, int fd);

/* In a process forked from that one, which keeps its clients: close their inherited descriptors. */
void scrape_abandon(void);

#endif
