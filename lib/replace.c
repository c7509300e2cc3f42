/* SPDX-License-Identifier: ISC */
/* Replace a file atomically. */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.p, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		text = slice_skip(text, (size_t)n);
	}
	return 0;
}

/* Make the rename outlive a power cut. Folders that cannot be synced (some network file systems) do not matter. */
static void
sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (copy == NULL)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd == -1)
		return;
	fsync(fd);
	close(fd);
}

static int
write_and_rename(int fd, const char *temporary, const char *path, mode_t mode, struct slice text)
{
	if (fchmod(fd, mode) == -1 || write_all(fd, text) == -1 || fsync(fd) == -1)
		return -1;
	return rename(temporary, path);
}

/* "/etc/routes" -> "/etc/.routes.XXXXXX"; owned by the caller. */
static char *
template_beside(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
	char *text;

	if (asprintf(&text, "%.*s.%s.XXXXXX", (int)(base - path), path, base) == -1)
		return NULL;
	return text;
}

int
replace_file(const char *path, mode_t mode, struct slice text)
{
	char *temporary = template_beside(path);
	int fd = temporary == NULL ? -1 : mkostemp(temporary, O_CLOEXEC);
	int result = -1, saved;

	if (fd != -1) {
		result = write_and_rename(fd, temporary, path, mode, text);
		saved = errno;
		if (result == -1)
			unlink(temporary);
		else
			sync_folder(path);
		close(fd);
		errno = saved;
	}
	free(temporary);
	return result;
}
