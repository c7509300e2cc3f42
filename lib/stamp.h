/* SPDX-License-Identifier: ISC */
/* What tells one state of a file from another, for watching it by path. */
#ifndef STAMP_H
#define STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Without -D_FILE_OFFSET_BITS=64 a 32-bit stat() refuses big files and big inode numbers. */
_Static_assert(sizeof(off_t) == 8 && sizeof(ino_t) == 8, "built for small files");

struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	bool plain;		/* a plain file, or a link to one */
	int error;		/* errno of stat, 0: it is there */
};

/* A file under watch. */
struct stamp_watch {
	struct stamp seen;	/* its owner's: of the file when it was last read */
	struct stamp last;	/* at the last call */
	uint64_t since_ms;	/* since when it is known to have changed, 0: it has not */
};

/*
 * The file path leads to now. Take it before reading the file:
 * a later change will differ from it.
 */
struct stamp stamp_of(const char *path);

bool stamp_same(const struct stamp *a, const struct stamp *b);

/*
 * Whether the file, now in this state, should be read: it has changed since .seen, but not since
 * the last call, as what changed just now may still be being written. Nothing puts that off for
 * ever: a file that is replaced whole over and over is due at the second call, one that is written
 * to without a pause after some seconds. Calls should be a fraction of a second apart; now_ms is
 * monotonic.
 */
bool stamp_due(struct stamp_watch *w, const struct stamp *now, uint64_t now_ms);

#endif
