/* SPDX-License-Identifier: ISC */
/* A file we keep: what it holds, whether somebody else changed it, and writing it. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "slice.h"

struct output {
	const char *path;
	mode_t mode;
	char *text;		/* owned; what it held when we last read or wrote it, NULL: there was none */
	size_t len;
	struct stat stamp;	/* of that moment */
	bool failing;		/* logged: it cannot be written */
};

/* Read what is there. A file that is not there, or cannot be read, holds nothing. */
void output_open(struct output *o, const char *path, mode_t mode);
void output_close(struct output *o);

struct slice output_text(const struct output *o);

/* Whether the file is still the one we read or wrote last. */
bool output_is_ours(const struct output *o);

/* It was replaced: true if with another text. The new one counts as ours from now on only if adopt is set. */
bool output_was_changed(struct output *o, bool adopt);

/* Make it hold text, which is taken over. Failures and their end are logged once. */
bool output_write(struct output *o, char *text, size_t len);

#endif
