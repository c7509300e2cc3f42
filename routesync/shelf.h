/* SPDX-License-Identifier: ISC */
/* A routes file in the form it has in the store: one value per NAME. */
#ifndef SHELF_H
#define SHELF_H

#include "lines.h"
#include "routes.h"

/*
 * Read and check a file: one line per NAME, in order, the fields of all its lines joined. Free with
 * lines_free(); on anything but ROUTES_LOADED (reported as by routes_load()) *out is empty.
 */
enum routes_result shelf_read(const char *path, routes_report *report, void *arg,
    struct lines *out);

/*
 * The same for a file that is read repeatedly: anything but a plain file might block,
 * so it is refused and reported.
 */
enum routes_result shelf_read_plain(const char *path, routes_report *report, void *arg,
    struct lines *out);

/* The last part of the key for a line, "*" as CATCH_ALL, and the value. */
struct slice shelf_name(struct slice line);
struct slice shelf_value(struct slice line);

#endif
