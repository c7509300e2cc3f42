/* SPDX-License-Identifier: ISC */
/* A file we keep. */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "replace.h"

/* The current contents of a file. */
struct content {
	char *text;		/* owned; NULL: there is no file */
	size_t len;
	mode_t mode;
};

/* False, with the reason: there is a file, but it cannot be read. */
static bool
read_content(const char *path, struct content *out, char why[static FILE_WHY_MAX])
{
	struct stat st;

	*out = (struct content){ 0 };
	if (stat(path, &st) == 0)
		out->mode = st.st_mode;
	out->text = file_read(path, SSIZE_MAX - 1, false, &out->len, why);
	if (out->text != NULL)
		return true;
	out->len = 0;
	return errno == ENOENT;
}

static void
take(struct output *o, const struct content *now, const struct stamp *stamp)
{
	free(o->text);
	o->text = now->text;
	o->len = now->len;
	o->found = now->mode;
	o->stamp = *stamp;
}

bool
output_open(struct output *o, const char *path, mode_t mode, char why[static FILE_WHY_MAX])
{
	struct stamp stamp = stamp_of(path);
	struct content now;
	bool ok = read_content(path, &now, why);

	*o = (struct output){ .path = path, .mode = mode };
	take(o, &now, &stamp);
	return ok;
}

void
output_close(struct output *o)
{
	free(o->text);
	o->text = NULL;
}

bool
output_is_readable(const char *path, char why[static FILE_WHY_MAX])
{
	struct content now;
	bool ok = read_content(path, &now, why);

	free(now.text);
	return ok;
}

struct slice
output_text(const struct output *o)
{
	return slice_of(o->text, o->len);
}

bool
output_is_ours(const struct output *o)
{
	struct stamp now = stamp_of(o->path);

	if (now.error != 0)
		return o->text == NULL && now.error == ENOENT;
	return o->text != NULL && stamp_same(&now, &o->stamp);
}

static void
note_unreadable(struct output *o, const char *why)
{
	if (!o->unreadable)
		log_error("%s cannot be read, it stays as it is: %s", o->path, why);
	o->unreadable = true;
}

static void
note_readable(struct output *o)
{
	if (o->unreadable)
		log_info("%s can be read again, or is gone", o->path);
	o->unreadable = false;
}

enum output_look
output_look(struct output *o, bool adopt)
{
	struct stamp stamp = stamp_of(o->path);
	char why[FILE_WHY_MAX];
	struct content now;
	bool changed;

	if (!read_content(o->path, &now, why)) {
		note_unreadable(o, why);
		return OUTPUT_UNREADABLE;
	}
	note_readable(o);
	changed = (now.text == NULL) != (o->text == NULL) ||
	    !slice_eq(slice_of(now.text, now.len), output_text(o));
	if (!changed || adopt)
		take(o, &now, &stamp);
	else
		free(now.text);
	return changed ? OUTPUT_CHANGED : OUTPUT_SAME;
}

/*
 * A mode that isn't ours is somebody else's work, to be looked at again; or, twice in a row,
 * the file system's.
 */
static void
note_mode(struct output *o)
{
	struct stat st;

	o->found = o->mode;
	if (stat(o->path, &st) == -1)
		return;
	o->odd_modes = (st.st_mode & 07777) == o->mode ? 0 : o->odd_modes + 1;
	if (o->odd_modes == 1)
		o->stamp = (struct stamp){ 0 };
	else if (o->odd_modes == 2)
		log_warn("%s has mode %04o: its file system does not take %04o", o->path,
		    (unsigned)(st.st_mode & 07777), (unsigned)o->mode);
}

bool
output_write(struct output *o, char *text, size_t len)
{
	if (replace_file(o->path, o->mode, slice_of(text, len), &o->stamp) == -1) {
		if (!o->failing)
			log_error("%s cannot be written%s: %s", o->path,
			    o->text != NULL ? ", it stays as it is" : "",
			    errno == ENOENT ? "its folder does not exist" : strerror(errno));
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
	note_mode(o);
	return true;
}
