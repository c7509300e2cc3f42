/* SPDX-License-Identifier: ISC */
/* ACME HTTP-01 challenges (RFC 8555 8.3): the plain files of one folder, by token. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpredir.h"

#define TOKEN_MAX 128u

/* base64url characters only: no dot, no slash, so no way out of the folder. */
static bool
is_token(struct slice s)
{
	if (s.len == 0 || s.len > TOKEN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* A plain file, reached without a symbolic link. The folder is opened each time: it may have been replaced. */
static int
open_token(const char *dir, struct slice token)
{
	char name[TOKEN_MAX + 1];
	struct stat st;
	int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dirfd == -1)
		return -1;
	snprintf(name, sizeof(name), SLICE_FMT, SLICE_ARG(token));
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	close(dirfd);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)ACME_MAX)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

long
acme_read(const char *dir, struct slice token, char out[static ACME_MAX])
{
	long len = 0;
	ssize_t n = 0;
	int fd;

	if (!is_token(token) || (fd = open_token(dir, token)) == -1)
		return -1;
	while (len < (long)ACME_MAX && (n = read(fd, out + len, ACME_MAX - (size_t)len)) > 0)
		len += n;
	close(fd);
	return n == -1 ? -1 : len;
}
