/* SPDX-License-Identifier: ISC */
/* What tells one state of a file from another, for those who watch it by path. */
#ifndef STAMP_H
#define STAMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	int error;		/* errno of stat, 0: it is there */
};

/* The file path leads to now. Take it before reading the file: what changes later differs from it. */
struct stamp stamp_of(const char *path);

bool stamp_same(const struct stamp *a, const struct stamp *b);

/* Whether some time has gone by since the last change: a file changed just now may still be being written. */
bool stamp_settled(const struct stamp *s);

#endif
