/* SPDX-License-Identifier: ISC */
/* ACME HTTP-01 challenges (RFC 8555 8.3): the plain files of one folder, by token. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpredir.h"
#include "log.h"

#define TOKEN_MAX 128u
#define WARN_EVERY_MS 1000u

/* base64url characters only: no dot, no slash, so no way out of the folder. */
static bool
is_token(struct slice s)
{
	if (s.len == 0 || s.len > TOKEN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* The operator must hear of what a client sees as a 404, unless there is simply no such file. */
static void
warn_unreadable(const char *dir, const char *name)
{
	int error = errno;
	uint64_t now_ms = ev_now_ms(the->serve->ev);

	if (error == ENOENT || error == ELOOP || error == ENOTDIR)
		return;
	if (the->acme_warned_ms != 0 && now_ms - the->acme_warned_ms < WARN_EVERY_MS)
		return;
	the->acme_warned_ms = now_ms;
	log_warn("webroot %s: %s: %s", dir, name, strerror(error));
}

void
acme_check(const char *dir)
{
	if (access(dir, X_OK) == -1)
		log_warn("webroot %s: %s: no token in it can be served", dir, strerror(errno));
}

/* The folder is opened each time: it may have been replaced. */
static int
open_in(const char *dir, const char *name)
{
	int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dirfd == -1)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	close(dirfd);
	return fd;
}

/* A plain file, reached without a symbolic link. */
static int
open_token(const char *dir, const char *name)
{
	struct stat st;
	int fd = open_in(dir, name);

	if (fd == -1) {
		warn_unreadable(dir, name);
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)ACME_MAX)
		return fd;
	close(fd);
	return -1;
}

long
acme_read(const char *dir, struct slice token, char out[static ACME_MAX])
{
	char name[TOKEN_MAX + 1];
	long len = 0;
	ssize_t n = 0;
	int fd;

	if (!is_token(token))
		return -1;
	snprintf(name, sizeof(name), SLICE_FMT, SLICE_ARG(token));
	fd = open_token(dir, name);
	if (fd == -1)
		return -1;
	while (len < (long)ACME_MAX && (n = read(fd, out + len, ACME_MAX - (size_t)len)) > 0)
		len += n;
	if (n == -1)
		warn_unreadable(dir, name);
	close(fd);
	return n == -1 ? -1 : len;
}
