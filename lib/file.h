/* SPDX-License-Identifier: ISC */
/* Small files, read whole: keys, secrets, lists; and which paths are one file. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

#define FILE_WHY_MAX 256u	/* bytes of a reason, NUL included */

/*
 * Read a plain file of at most max bytes; malloc'd, NUL-terminated, *len bytes. secret: only its
 * owner may have access, or, when that is root and we are not, its group may read it. NULL with the
 * reason (it names no path and no contents) and errno, 0 when the file itself is at fault.
 */
char *file_read(const char *path, size_t max, bool secret, size_t *len,
    char why[static FILE_WHY_MAX]);

/*
 * Whether two paths, however they are spelt, lead to one file, or to one place where
 * there is none yet.
 */
bool file_same(const char *a, const char *b);

#endif
