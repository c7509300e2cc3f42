/* SPDX-License-Identifier: ISC */
/* A sorted routes file searched in place, a few blocks per look-up. Only for lib/routes*.c. */
#ifndef ROUTES_SORTED_H
#define ROUTES_SORTED_H

#include "routes_line.h"

struct routes_sorted;

/* As routes_open_sorted(). path, report and arg are borrowed until routes_sorted_free(). */
enum routes_result routes_sorted_open(const char *path, routes_report *report, void *arg,
    struct routes_sorted **out);

/* NULL is fine. */
void routes_sorted_free(struct routes_sorted *s);

/*
 * Add the fields of all lines of this NAME (in canonical form) to *f, which is empty before; they
 * are borrowed until routes_sorted_free(). ROUTES_LOADED; or, reported, ROUTES_REFUSED (a bad line)
 * or ROUTES_FAILED (it could not be read, or out of memory).
 */
enum routes_result routes_sorted_collect(struct routes_sorted *s, struct slice name,
    struct routes_fields *f);

#endif
