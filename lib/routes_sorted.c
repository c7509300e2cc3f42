/* SPDX-License-Identifier: ISC */
/* A sorted routes file searched in place, a few blocks per look-up. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "routes_sorted.h"

#define BLOCK 4096

/* A copy of a line that was found: answers point into it. */
struct found {
	struct found *next;
	off_t at;			/* where the line begins in the file */
	size_t len;
	char text[];
};

struct routes_sorted {
	const char *path;		/* borrowed */
	routes_report *report;
	void *report_arg;
	int fd;				/* owned */
	off_t size;			/* of the file when opened; later additions are ignored */
	struct found *found;		/* owned, the last one first */
	bool failed;			/* a read failed, which was reported */

	off_t block_at;			/* the block in memory; meaningless while block_len is 0 */
	size_t block_len;
	char block[BLOCK];
	char line[ROUTES_LINE_MAX + 1];	/* a byte more than allowed, to notice lines too long */
};

/* A line's place in the file. */
struct place {
	off_t at;			/* its first byte */
	off_t next;			/* the first byte of the next line */
	struct slice text;		/* without newline, in s->line until the next is read */
};

/* ---- reading ---- */

static void
fail(struct routes_sorted *s)
{
	int saved = errno;

	if (!s->failed)
		routes_tell(s->report, s->report_arg, s->path, 0, strerror(saved));
	s->failed = true;
	errno = saved;
}

static void
read_block(struct routes_sorted *s, off_t at)
{
	ssize_t n;

	s->block_at = at - at % BLOCK;
	s->block_len = 0;
	do
		n = pread(s->fd, s->block, BLOCK, s->block_at);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		fail(s);
	else
		s->block_len = (size_t)n;
}

/* The bytes from at on, up to the end of their block; absent past the end of the file. */
static struct slice
bytes_at(struct routes_sorted *s, off_t at)
{
	if (at < s->block_at || at >= s->block_at + (off_t)s->block_len)
		read_block(s, at);
	if (at >= s->size || at - s->block_at >= (off_t)s->block_len)
		return slice_of(NULL, 0);

	struct slice bytes = slice_skip(slice_of(s->block, s->block_len),
	    (size_t)(at - s->block_at));

	if ((off_t)bytes.len > s->size - at)
		bytes.len = (size_t)(s->size - at);
	return bytes;
}

/* Where the line after the one that byte at belongs to begins. */
static off_t
next_line(struct routes_sorted *s, off_t at)
{
	struct slice bytes;

	while ((bytes = bytes_at(s, at)).len > 0) {
		const char *newline = memchr(bytes.p, '\n', bytes.len);

		if (newline != NULL)
			return at + (newline - bytes.p) + 1;
		at += (off_t)bytes.len;
	}
	return s->size;
}

/* The line that begins at the given byte; false after the last one. */
static bool
read_line(struct routes_sorted *s, off_t at, struct place *out)
{
	struct slice bytes;
	size_t len = 0;

	out->at = at;
	out->next = at;
	while ((bytes = bytes_at(s, out->next)).len > 0) {
		struct slice part = slice_cut(&bytes, '\n');
		size_t room = sizeof(s->line) - len;

		memcpy(s->line + len, part.p, part.len < room ? part.len : room);
		len += part.len < room ? part.len : room;
		out->next += (off_t)part.len + (bytes.p != NULL);
		if (bytes.p != NULL)
			break;
	}
	out->text = slice_of(s->line, len);
	return out->next > at;
}

/* The first line with a NAME, of those that begin before end; at is where a line begins. */
static bool
read_route(struct routes_sorted *s, off_t at, off_t end, struct place *out)
{
	while (at < end && read_line(s, at, out)) {
		if (routes_line_name(out->text).p != NULL)
			return true;
		at = out->next;
	}
	return false;
}

/* ---- searching ---- */

/*
 * Where the lines of this NAME would begin. Of the lines with a NAME, all that begin before low are
 * less than name; the first that begins at high or after it is not.
 */
static off_t
lower_bound(struct routes_sorted *s, struct slice name)
{
	off_t low = 0, high = s->size;
	struct place line;

	while (low < high && !s->failed) {
		off_t middle = low + (high - low) / 2;
		off_t start = middle == low ? low : next_line(s, middle - 1);

		if (read_route(s, start, high, &line) &&
		    routes_name_order(routes_line_name(line.text), name) < 0)
			low = line.next;
		else
			high = middle;
	}
	return low;
}

static struct found *
keep(struct routes_sorted *s, const struct place *line)
{
	struct found *f = malloc(sizeof(*f) + line->text.len);

	if (f == NULL) {
		fail(s);
		return NULL;
	}
	f->next = s->found;
	f->at = line->at;
	f->len = line->text.len;
	memcpy(f->text, line->text.p, f->len);
	s->found = f;
	return f;
}

/* ---- bad lines: slow, but reported with a number ---- */

/* The number of the line that byte at belongs to. */
static unsigned
line_number(struct routes_sorted *s, off_t at)
{
	unsigned line = 1;

	for (off_t next = next_line(s, 0); next <= at && next < s->size; next = next_line(s, next))
		line++;
	return line;
}

static unsigned
line_number_of(struct routes_sorted *s, const char *p)
{
	const struct found *f = s->found;

	while (f != NULL && !(p >= f->text && p < f->text + f->len))
		f = f->next;
	return f == NULL ? 0 : line_number(s, f->at);
}

static bool
check_found(struct routes_sorted *s, const struct found *found, struct routes_fields *f)
{
	const struct routes_field *first = NULL;
	struct routes_why why;
	struct routes_fields line;
	size_t from = f->n;

	why.discreet = false;
	routes_fields_clear(&line);
	if (routes_line_check(slice_of(found->text, found->len), &line, &why) &&
	    routes_fields_join(f, &line, &why)) {
		first = routes_fields_repeated(f, from);
		if (first == NULL)
			return true;
		routes_why_repeated(f, first, line_number_of(s, first->word.p), &why);
	}
	routes_tell(s->report, s->report_arg, s->path, line_number(s, found->at), why.text);
	return false;
}

/* ---- what others call ---- */

enum routes_result
routes_sorted_collect(struct routes_sorted *s, struct slice name, struct routes_fields *f)
{
	off_t at = lower_bound(s, name);
	struct place line;
	bool good = true;

	while (good && read_route(s, at, s->size, &line) &&
	    slice_eq(routes_line_name(line.text), name)) {
		const struct found *found = keep(s, &line);

		good = found != NULL && check_found(s, found, f);
		at = line.next;
	}
	if (s->failed)
		return ROUTES_FAILED;
	return good ? ROUTES_LOADED : ROUTES_REFUSED;
}

/* Only a plain file can be searched, and opening a pipe to find out would disturb its writer. */
static int
open_plain(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ESPIPE;
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

enum routes_result
routes_sorted_open(const char *path, routes_report *report, void *arg, struct routes_sorted **out)
{
	struct routes_sorted *s = malloc(sizeof(*s));
	enum routes_result result = ROUTES_REFUSED;
	struct place first;
	struct stat st;
	int saved;

	*out = NULL;
	if (s == NULL) {
		routes_tell(report, arg, path, 0, strerror(errno));
		return ROUTES_FAILED;
	}
	*s = (struct routes_sorted){ .path = path, .report = report, .report_arg = arg };
	s->fd = open_plain(path);
	if (s->fd == -1 && errno == ESPIPE)
		goto out;
	if (s->fd == -1 || fstat(s->fd, &st) == -1) {
		fail(s);
		goto out;
	}
	s->size = st.st_size;
	if (read_line(s, 0, &first) && routes_line_is_sorted_mark(first.text)) {
		*out = s;
		return ROUTES_LOADED;
	}
out:
	result = s->failed ? ROUTES_FAILED : ROUTES_REFUSED;
	saved = errno;
	routes_sorted_free(s);
	errno = saved;
	return result;
}

void
routes_sorted_free(struct routes_sorted *s)
{
	struct found *next;

	if (s == NULL)
		return;
	for (struct found *f = s->found; f != NULL; f = next) {
		next = f->next;
		free(f);
	}
	if (s->fd != -1)
		close(s->fd);
	free(s);
}
