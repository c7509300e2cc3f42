/* SPDX-License-Identifier: ISC */
/* Small files, read whole. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Whether anyone but its owner can get at it. A file of root's that we may read as a member of its
 * group counts as private: container runtimes and supervisors hand out secrets that way.
 */
static bool
is_open_to_others(const struct stat *st)
{
	mode_t forbidden = st->st_uid == 0 && geteuid() != 0 ? 037 : 077;

	return (st->st_mode & forbidden) != 0;
}

/* Whether it may be read; if not, the reason. */
static bool
is_fit(const struct stat *st, size_t max, bool secret, char why[static FILE_WHY_MAX])
{
	if (!S_ISREG(st->st_mode))
		snprintf(why, FILE_WHY_MAX, "not a plain file");
	else if (secret && is_open_to_others(st))
		snprintf(why, FILE_WHY_MAX, "mode %04o is accessible by others: chmod 600",
		    (unsigned)st->st_mode & 07777);
	else if (st->st_size > (off_t)max)
		snprintf(why, FILE_WHY_MAX, "over %zu bytes", max);
	else
		return true;
	return false;
}

/* The bytes there are now; a file that grows meanwhile is read up to its old size. */
static char *
read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size + 1);
	ssize_t n = 1;

	*len = 0;
	while (text != NULL && *len < size && (n = read(fd, text + *len, size - *len)) > 0)
		*len += (size_t)n;
	if (text == NULL || n == -1) {
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

char *
file_read(const char *path, size_t max, bool secret, size_t *len, char why[static FILE_WHY_MAX])
{
	/* O_NONBLOCK: a pipe must not keep us waiting */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	int saved;

	why[0] = '\0';
	if (fd != -1 && fstat(fd, &st) == 0) {
		errno = 0;
		if (is_fit(&st, max, secret, why))
			text = read_all(fd, (size_t)st.st_size, len);
	}
	saved = errno;
	if (text == NULL && why[0] == '\0')
		snprintf(why, FILE_WHY_MAX, "%s", strerror(saved));
	if (fd != -1)
		close(fd);
	errno = saved;
	return text;
}

/* The place a path leads to: the folder and the name in it. False: there is no such folder. */
static bool
find_place(const char *path, struct stat *folder, const char **name)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];

	*name = slash == NULL ? path : slash + 1;
	snprintf(text, sizeof(text), "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	return stat(text, folder) == 0;
}

static bool
is_same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
file_same(const char *a, const char *b)
{
	const char *name_a, *name_b;
	struct stat sa, sb;

	if (stat(a, &sa) == 0 && stat(b, &sb) == 0)
		return is_same_inode(&sa, &sb);
	return find_place(a, &sa, &name_a) && find_place(b, &sb, &name_b) &&
	    is_same_inode(&sa, &sb) && strcmp(name_a, name_b) == 0;
}
