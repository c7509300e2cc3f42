/* SPDX-License-Identifier: ISC */
/*
 * The files that follow from the table, and the guard that keeps a sudden loss in the
 * store out of them.
 */
#ifndef FILES_H
#define FILES_H

#include "lines.h"
#include "output.h"
#include "routesync.h"
#include "table.h"

enum files_result {
	FILES_GOOD,	/* equal to the table */
	FILES_HELD,	/* held back: they would lose too much */
	FILES_FAILED	/* a system error, which was logged */
};

struct files {
	struct app *app;
	struct table *table;		/* owned */
	struct output routes, secrets;
	struct lines_loss held;		/* the loss that is held back; lost 0: none is */
	size_t told;			/* its lost when that was last logged; 0: not yet */
	struct lines_loss confirmed;	/* the loss the operator allowed, until it is written,
					   or turns out to be greater */
	enum files_result last;		/* of the last update; FILES_FAILED before the first */
	size_t names;			/* in the routes file */
	struct lines published;		/* those of them that only nodes published; before the
					   first one is written, those of the first refresh */
};

/*
 * Make the table, still empty, and read the existing files, to which it falls back. Without -o the
 * routes go to standard output. report and arg are the table's. False: a file exists but cannot be
 * read, or memory ran out, which was logged; call files_close() all the same.
 */
bool files_open(struct files *f, struct app *app, table_report *report, void *arg);
void files_close(struct files *f);

/*
 * Make them equal to the table, which must be complete. When that is done for the first time
 * we are ready. If nothing changed they are not touched.
 */
enum files_result files_update(struct files *f);

/* The operator confirms the loss that is held back. */
void files_confirm(struct files *f);

/* Whether there is something to do, for example because somebody else replaced a file. */
bool files_want_update(const struct files *f);

#endif
