/* SPDX-License-Identifier: ISC */
/* A file we keep: its contents, whether somebody else changed it, and writing it. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "file.h"
#include "slice.h"
#include "stamp.h"

struct output {
	const char *path;
	mode_t mode;
	char *text;		/* owned; as we last read or wrote it, NULL: there was no file */
	size_t len;
	struct stamp stamp;	/* at that moment */
	mode_t found;		/* its mode then */
	unsigned odd_modes;	/* writes in a row after which it had another mode than ours */
	bool failing;		/* logged: it cannot be written */
	bool unreadable;	/* logged: it exists but cannot be read */
};

/*
 * Read the file; one that does not exist counts as empty. False, with the reason:
 * it exists but cannot be read. Call output_close() in either case.
 */
bool output_open(struct output *o, const char *path, mode_t mode, char why[static FILE_WHY_MAX]);
void output_close(struct output *o);

/* For --check: whether it could be opened now. False, with the reason. */
bool output_is_readable(const char *path, char why[static FILE_WHY_MAX]);

struct slice output_text(const struct output *o);

/* Whether the file is still the one we read or wrote last. */
bool output_is_ours(const struct output *o);

enum output_look {
	OUTPUT_SAME,		/* its text is the one we know */
	OUTPUT_CHANGED,		/* its text differs, or it was removed */
	OUTPUT_UNREADABLE	/* its text is unknown: it must not be replaced; logged once, and
				   again when it ends */
};

/*
 * Read a file that is no longer ours. A changed text counts as ours from now on
 * only if adopt is set.
 */
enum output_look output_look(struct output *o, bool adopt);

/*
 * Write text, which is taken over, to the file. A failure is logged once, and again when it ends.
 */
bool output_write(struct output *o, char *text, size_t len);

#endif
