/* SPDX-License-Identifier: ISC */
/* The file with the store's password. */
#include "password.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536u		/* bytes of the file, including anything after its first line */

static bool
take_first_line(const char *text, char out[static PASSWORD_MAX + 1], char why[static FILE_WHY_MAX])
{
	size_t n = strcspn(text, "\r\n");

	if (n == 0) {
		snprintf(why, FILE_WHY_MAX, "the first line of the password file is empty");
		return false;
	}
	if (n > PASSWORD_MAX) {
		snprintf(why, FILE_WHY_MAX, "the password is longer than %u bytes", PASSWORD_MAX);
		return false;
	}
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

bool
password_read(const char *path, char out[static PASSWORD_MAX + 1], char why[static FILE_WHY_MAX])
{
	size_t len;
	bool ok;
	char *text = file_read(path, TEXT_MAX, true, &len, why);

	if (text == NULL)
		return false;
	ok = take_first_line(text, out, why);
	explicit_bzero(text, len);
	free(text);
	errno = 0;
	return ok;
}
