/* SPDX-License-Identifier: ISC */
/* Replace or make a file atomically. */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
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

/* The folder path is in, or with O_TMPFILE a file without a name in it. */
static int
open_folder(const char *path, int flags)
{
	char *copy = strdup(path);
	int fd = copy == NULL ? -1 : open(dirname(copy), flags | O_CLOEXEC, 0600);

	free(copy);
	return fd;
}

/*
 * Make the rename survive a power cut. Folders that cannot be synced
 * (some network file systems) do not matter.
 */
static void
sync_folder(const char *path)
{
	int fd = open_folder(path, O_RDONLY | O_DIRECTORY);

	if (fd == -1)
		return;
	fsync(fd);
	close(fd);
}

/* Unlike rename, link does not replace what is there already, a dangling symbolic link included. */
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

/* Through the name of its descriptor, for which /proc must be there. */
static int
give_name(int fd, const char *name)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/*
 * The file, whole, under a name it gets only then, so that nothing is left behind if we are
 * killed before. The name replaces the template. -1 with errno: nothing is there; ENOTSUP:
 * it has to be done another way.
 */
static int
write_nameless(char *template, mode_t mode, struct slice text)
{
	uint32_t random = 0;
	int fd = open_folder(template, O_TMPFILE | O_WRONLY), saved;

	if (fd == -1) {
		errno = ENOTSUP;
		return -1;
	}
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	sprintf(template + strlen(template) - 6, "%06x", (unsigned)random & 0xffffff);
	if (write_synced(fd, mode, text) == 0) {
		if (give_name(fd, template) == 0)
			return fd;
		errno = ENOTSUP;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* The same, with the name from the start. */
static int
write_named(char *template, mode_t mode, struct slice text)
{
	int fd, saved;

	memcpy(template + strlen(template) - 6, "XXXXXX", 6);
	fd = mkostemp(template, O_CLOEXEC);
	if (fd == -1 || write_synced(fd, mode, text) == 0)
		return fd;
	saved = errno;
	unlink(template);
	close(fd);
	errno = saved;
	return -1;
}

/* Of the file there; of none when it no longer has our length: somebody has been faster. */
static struct stamp
stamp_of_ours(const char *path, size_t len)
{
	struct stamp s = stamp_of(path);

	return s.size == (off_t)len ? s : (struct stamp){ 0 };
}

/*
 * Make the file beside path, whole, and then let move() give it the name. Syncing the folder may
 * take long: the stamp is taken before.
 */
static int
put_file(const char *path, mode_t mode, struct slice text,
    int (*move)(const char *temporary, const char *path), struct stamp *stamp)
{
	char *temporary = template_beside(path);
	int fd = temporary == NULL ? -1 : write_nameless(temporary, mode, text);
	int result = -1, saved;

	if (fd == -1 && temporary != NULL && errno == ENOTSUP)
		fd = write_named(temporary, mode, text);
	if (fd != -1) {
		result = move(temporary, path);
		saved = errno;
		close(fd);	/* which changes its times in some file systems */
		if (result == 0 && stamp != NULL)
			*stamp = stamp_of_ours(path, text.len);
		if (result == -1)
			unlink(temporary);
		else
			sync_folder(path);
		errno = saved;
	}
	free(temporary);
	return result;
}

int
replace_file(const char *path, mode_t mode, struct slice text, struct stamp *stamp)
{
	return put_file(path, mode, text, rename, stamp);
}

int
create_file(const char *path, mode_t mode, struct slice text)
{
	return put_file(path, mode, text, link_and_unlink, NULL);
}

bool
replace_is_possible(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return access(dirname(copy), W_OK | X_OK) == 0;
}

mode_t
replace_mode(mode_t mode)
{
	mode_t mask = umask(0);		/* there is no other way to read it */

	umask(mask);
	return mode & ~mask;
}
