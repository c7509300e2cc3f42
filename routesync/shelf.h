/* SPDX-License-Identifier: ISC */
/* A routes file as what goes into the store: one value a NAME. */
#ifndef SHELF_H
#define SHELF_H

#include <stdbool.h>

#include "lines.h"
#include "routes.h"

/* The NAMEs of a routes file in order, the fields of all lines of one NAME joined. */
struct shelf {
	struct lines lines;	/* one line a NAME */
	char *text;		/* owned; what they are borrowed from */
};

/* Read and check a file; on anything but ROUTES_LOADED (reported as by routes_load()) *out is empty. */
enum routes_result shelf_read(const char *path, routes_report *report, void *arg, struct shelf *out);
void shelf_free(struct shelf *s);

/* The last part of the key for a line, "*" as CATCH_ALL, and the value. */
struct slice shelf_name(struct slice line);
struct slice shelf_value(struct slice line);

#endif
