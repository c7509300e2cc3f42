/* SPDX-License-Identifier: ISC */
/*
 * The text of a routes or secrets file as lines in order of NAME, and how two such
 * texts differ. Pure.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"
#include "slice.h"

/* Lines with a NAME, canonical, in order; those of one NAME are adjacent. */
struct lines {
	struct slice *line;	/* owned array; each borrowed from text, or who gave it */
	size_t n;
	char *text;		/* owned; NULL if the text that was given already had this form */
};

/* The NAME of a canonical line. */
struct slice lines_name(struct slice line);

/*
 * The lines of a text, whatever wrote it. Bad lines are left out, except that a sorted text whose
 * lines are all canonical, like our own, is not checked any further. False: out of memory. text is
 * borrowed as long as *out is used; free with lines_free().
 */
bool lines_read(struct slice text, struct lines *out);
void lines_free(struct lines *l);

/* The first line of this NAME; absent if there is none. */
struct slice lines_find(const struct lines *l, struct slice name);

/*
 * The same for a file of authorizations as written by --secrets:
 * "NAME HEX" for every name with a secret.
 */
bool lines_read_secrets(struct slice text, struct lines *out);

/* The hash of a NAME's secret in such lines; false: there is none. */
bool lines_secret(const struct lines *l, struct slice name, uint8_t out[static SHA256_SIZE]);

struct lines_loss {
	size_t names, lost;
};

/* How many NAMEs l has, and how many of these next lacks, not counting the NAMEs in spare. */
struct lines_loss lines_loss(const struct lines *l, const struct lines *next,
    const struct lines *spare);

#endif
