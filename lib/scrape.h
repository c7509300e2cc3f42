/* SPDX-License-Identifier: ISC */
/* The /metrics endpoint: one small HTTP answer per connection. */
#ifndef SCRAPE_H
#define SCRAPE_H

struct serve;

/* Answer on s->scrape_fd (-1: nothing to do) from s->ev. -1 with errno. */
int scrape_start(struct serve *s);

#endif
