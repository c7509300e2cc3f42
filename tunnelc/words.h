/* SPDX-License-Identifier: ISC */
/*
 * The words of tunnelc's command line: KIND[:NAME]=TARGET[,TARGET...] and proxy=v1|v2.
 * Which target a visitor gets.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"
#include "kind.h"
#include "proxyhdr.h"
#include "slice.h"

#define WORDS_MAX 64u
#define WORDS_WHY_MAX 256u

struct word {
	enum kind kind;
	char name[HOST_MAX + 3];	/* normalised, or "*.SUFFIX"; empty: whatever no other word
					   of the kind takes */
	struct slice targets;		/* checked list as in routes(5), no pass:; borrowed from
					   the command line */
};

struct words {
	struct word word[WORDS_MAX];
	size_t n;
	enum proxyhdr_version proxy;
};

/* Check the NULL-terminated argv; false with the reason, which names the word. Pure. */
bool words_parse(char *const *argv, struct words *out, char why[static WORDS_WHY_MAX]);

/*
 * The word for a visitor: exact NAME, then the longest *.SUFFIX, then none; NULL: no word takes it.
 * name is normalised or absent. Pure.
 */
const struct word *words_find(const struct words *w, enum kind kind, struct slice name);

#endif
