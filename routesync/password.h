/* SPDX-License-Identifier: ISC */
/* The file with the store's password. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>

#include "file.h"

#define PASSWORD_MAX 1023u	/* bytes */

/*
 * Its first line, as a string. False with the reason, which quotes nothing of the password, and
 * errno, which is 0 if the file itself is at fault, for example because other users can read
 * it: see file_read().
 */
bool password_read(const char *path, char out[static PASSWORD_MAX + 1],
    char why[static FILE_WHY_MAX]);

#endif
