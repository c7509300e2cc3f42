/* SPDX-License-Identifier: ISC */
/* The file with the store's password. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool
refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

bool
password_read(const char *path, char out[static PASSWORD_MAX + 1], const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;
	ssize_t n = fd == -1 ? -1 : read(fd, out, PASSWORD_MAX + 1);

	saved = errno;
	if (fd != -1)
		close(fd);
	if (n == -1)
		return refuse(why, strerror(saved));
	if (n == PASSWORD_MAX + 1)
		n = PASSWORD_MAX;
	out[n] = '\0';
	n = (ssize_t)strcspn(out, "\r\n");
	if (n == 0)
		return refuse(why, "the password file has no password in its first line");
	if (n == PASSWORD_MAX)
		return refuse(why, "the password is longer than 1023 bytes");
	out[n] = '\0';
	return true;
}
