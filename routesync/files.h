/* SPDX-License-Identifier: ISC */
/* The files that follow from the table, and the guard that keeps a bad day of the store out of them. */
#ifndef FILES_H
#define FILES_H

#include "lines.h"
#include "output.h"
#include "routesync.h"
#include "table.h"

struct files {
	struct app *app;
	struct table *table;
	struct output routes, secrets;
	bool known;			/* the routes file was made equal to the table at least once */
	struct lines_loss held;		/* lost > 0: held back */
	struct lines_loss confirmed;	/* the loss that was allowed by hand */
	size_t names;			/* in the routes file */
	struct lines old_routes, old_secrets;	/* of the files at start; none behind files_keep_old() */
};

enum files_result {
	FILES_GOOD,	/* equal to the table */
	FILES_HELD,	/* they would lose too much */
	FILES_FAILED	/* the system said no, it was logged */
};

/* Read what is there. Without -o the routes go to standard output. */
void files_open(struct files *f, struct app *app, struct table *table);
void files_close(struct files *f);

/*
 * For what is malformed at start: give the table what the files hold, before it gets its first record, and keep what it
 * may need of that when it has them all. False: no memory.
 */
bool files_fall_back(struct files *f);
bool files_keep_old(struct files *f);

/* Make them equal to the table, which is complete. Nothing changed: nothing is touched. */
enum files_result files_update(struct files *f);

/* The loss held back is meant. */
void files_confirm(struct files *f);

/* Whether there is something to do, be it that somebody else replaced a file. */
bool files_want_update(const struct files *f);

#endif
