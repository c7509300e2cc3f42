/* SPDX-License-Identifier: ISC */
/* The file with the store's password. */
#include "password.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536u		/* bytes of the file, including anything after its first line */

/* NULL, or what is wrong with the first line of a text. */
static const char *
take_first_line(const char *text, char out[static PASSWORD_MAX + 1])
{
	size_t n = strcspn(text, "\r\n");

	if (n == 0)
		return "the first line of the password file is empty";
	if (n >= PASSWORD_MAX)
		return "the password is longer than 1023 bytes";
	memcpy(out, text, n);
	out[n] = '\0';
	return NULL;
}

bool
password_read(const char *path, char out[static PASSWORD_MAX + 1], char why[static FILE_WHY_MAX])
{
	const char *wrong;
	size_t len;
	char *text = file_read(path, TEXT_MAX, true, &len, why);

	if (text == NULL)
		return false;
	wrong = take_first_line(text, out);
	explicit_bzero(text, len);
	free(text);
	errno = 0;
	if (wrong != NULL)
		snprintf(why, FILE_WHY_MAX, "%s", wrong);
	return wrong == NULL;
}
