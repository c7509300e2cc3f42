/* SPDX-License-Identifier: ISC */
/*
 * NAME and the right-hand side of a route -> a line of a routes file, or what is wrong with them.
 * Pure. Reasons quote neither: a value of the store may hold a secret.
 */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H

#include <stdbool.h>

#include "routes.h"
#include "slice.h"

#define RECORD_NAME_MAX 256u	/* bytes of a NAME: a host, or a listening address */
#define RECORD_WHY_MAX (ROUTES_WHY_MAX + 32)	/* bytes of a reason, NUL included */

/* Room for one line at a time: as given, and in canonical form. */
struct record_line {
	char raw[ROUTES_LINE_MAX + 1], canonical[ROUTES_LINE_MAX + 1];
};

/*
 * They become a line, checked as strictly as one in a file; *out is borrowed from *l.
 * False: why says what is wrong.
 */
bool record_line_make(struct record_line *l, struct slice name, struct slice fields,
    struct routes_text *out, char why[static RECORD_WHY_MAX]);

/* Whether a line may begin with this NAME. */
bool record_line_takes_name(struct record_line *l, struct slice name);

#endif
