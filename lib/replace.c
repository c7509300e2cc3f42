/* SPDX-License-Identifier: ISC */
/* Replace or make a file atomically. */
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

/* Unlike rename, link puts nothing in the place of what is there already, a symbolic link to nowhere included. */
static int
link_and_unlink(const char *temporary, const char *path)
{
	if (link(temporary, path) == -1)
		return -1;
	unlink(temporary);
	return 0;
}

static int
write_synced(int fd, mode_t mode, struct slice text)
{
	return fchmod(fd, mode) == -1 || write_all(fd, text) == -1 ? -1 : fsync(fd);
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

/* Make the file beside path, whole, and then let move() give it the name. */
static int
put_file(const char *path, mode_t mode, struct slice text, int (*move)(const char *temporary, const char *path))
{
	char *temporary = template_beside(path);
	int fd = temporary == NULL ? -1 : mkostemp(temporary, O_CLOEXEC);
	int result = -1, saved;

	if (fd != -1) {
		result = write_synced(fd, mode, text) == -1 ? -1 : move(temporary, path);
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

int
replace_file(const char *path, mode_t mode, struct slice text)
{
	return put_file(path, mode, text, rename);
}

int
create_file(const char *path, mode_t mode, struct slice text)
{
	return put_file(path, mode, text, link_and_unlink);
}
