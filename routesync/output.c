/* SPDX-License-Identifier: ISC */
/* A file we keep. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "replace.h"

/* The whole of a plain file; NULL when there is none. */
static char *
read_file(const char *path, size_t *len, struct stat *stamp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	ssize_t n = -1;

	*len = 0;
	if (fd == -1)
		return NULL;
	if (fstat(fd, stamp) == 0 && S_ISREG(stamp->st_mode))
		text = malloc((size_t)stamp->st_size + 1);
	while (text != NULL && *len < (size_t)stamp->st_size &&
	    (n = read(fd, text + *len, (size_t)stamp->st_size - *len)) > 0)
		*len += (size_t)n;
	close(fd);
	return text;
}

void
output_open(struct output *o, const char *path, mode_t mode)
{
	*o = (struct output){ .path = path, .mode = mode };
	o->text = read_file(path, &o->len, &o->stamp);
}

void
output_close(struct output *o)
{
	free(o->text);
	o->text = NULL;
}

struct slice
output_text(const struct output *o)
{
	return slice_of(o->text, o->len);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool
output_is_ours(const struct output *o)
{
	struct stat now;

	if (stat(o->path, &now) == -1)
		return o->text == NULL && errno == ENOENT;
	return o->text != NULL && same_file(&now, &o->stamp);
}

bool
output_was_changed(struct output *o, bool adopt)
{
	struct stat stamp = { 0 };
	size_t len;
	char *text = read_file(o->path, &len, &stamp);
	bool changed = (text == NULL) != (o->text == NULL) ||
	    !slice_eq(slice_of(text, len), output_text(o));

	if (!changed || adopt) {
		free(o->text);
		o->text = text;
		o->len = len;
		o->stamp = stamp;
	} else {
		free(text);
	}
	return changed;
}

bool
output_write(struct output *o, char *text, size_t len)
{
	if (replace_file(o->path, o->mode, slice_of(text, len)) == -1) {
		if (!o->failing)
			log_error("%s cannot be written, it stays as it is: %s", o->path, strerror(errno));
		o->failing = true;
		free(text);
		return false;
	}
	if (o->failing)
		log_info("%s can be written again", o->path);
	o->failing = false;
	free(o->text);
	o->text = text;
	o->len = len;
	if (stat(o->path, &o->stamp) == -1)
		memset(&o->stamp, 0, sizeof(o->stamp));
	return true;
}
