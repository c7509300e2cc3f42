/* SPDX-License-Identifier: ISC */
/* The file with the store's password. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>

#define PASSWORD_MAX 1024u	/* bytes */

/* Its first line, as a string; false: *why (static) says what is wrong with the file. */
bool password_read(const char *path, char out[static PASSWORD_MAX + 1], const char **why);

#endif
