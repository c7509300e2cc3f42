/* SPDX-License-Identifier: ISC */
/*
 * Replace or make a file atomically: anyone who opens it finds
 * the old one or the new one, whole.
 */
#ifndef REPLACE_H
#define REPLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "slice.h"
#include "stamp.h"

/*
 * Make path a plain file with this text and mode, by a temporary file beside it, fsync, rename
 * and fsync of the folder. The umask does not apply. 0, and in *stamp (unless NULL) the file as it
 * was right after the rename: it differs from then on if somebody else changes it. -1 with errno:
 * path is as it was, and nothing is left beside it.
 *
 * Where the file system lets us (O_TMPFILE), and /proc is there, the temporary file has a name only
 * for the instant before the rename: even if killed, we leave nothing behind.
 */
int replace_file(const char *path, mode_t mode, struct slice text, struct stamp *stamp);

/* The same where nothing may be at path yet: what is there stays as it is (EEXIST). */
int create_file(const char *path, mode_t mode, struct slice text);

/* Whether that can be done at path, as far as the mode of its folder tells. False, with errno. */
bool replace_is_possible(const char *path);

/* mode without the bits of our umask: what open(2) would give a new file. */
mode_t replace_mode(mode_t mode);

#endif
