/* SPDX-License-Identifier: ISC */
/* A borrowed pointer and a length: text or bytes somebody else owns. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not NUL-terminated. "Absent" is { NULL, 0 }; an empty text has p != NULL. */
struct slice {
	const char *p;
	size_t len;
};

#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)(s).len, (s).p

static inline struct slice
slice_of(const char *p, size_t len)
{
	return (struct slice){ p, len };
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline bool
slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.len >= n && memcmp(a.p, prefix, n) == 0;
}

/* The rest of a after its first n bytes; n must not exceed a.len. */
static inline struct slice
slice_skip(struct slice a, size_t n)
{
	return (struct slice){ a.p + n, a.len - n };
}

/*
 * Cut what precedes the first sep off *rest and return it;
 * without a sep, all of it (rest becomes absent).
 */
static inline struct slice
slice_cut(struct slice *rest, char sep)
{
	const char *at = rest->len == 0 ? NULL : memchr(rest->p, sep, rest->len);
	struct slice head = *rest;

	if (at == NULL) {
		*rest = slice_of(NULL, 0);
		return head;
	}
	head.len = (size_t)(at - rest->p);
	*rest = slice_skip(*rest, head.len + 1);
	return head;
}

/* Cut the next line off *rest, without its end: LF, or CR LF. */
static inline struct slice
slice_cut_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * Cut the next field off *rest, a line of a configuration file: what stands between blanks (spaces
 * and tabs). Absent at the end, and where a '#' begins a comment: there alone it means one.
 */
static inline struct slice
slice_cut_field(struct slice *rest)
{
	struct slice field, behind;

	while (rest->len > 0 && (*rest->p == ' ' || *rest->p == '\t'))
		*rest = slice_skip(*rest, 1);
	if (rest->len == 0 || *rest->p == '#')
		return slice_of(NULL, 0);
	behind = *rest;
	field = slice_cut(&behind, ' ');	/* memchr(3) twice is faster than byte by byte */
	behind = field;
	field = slice_cut(&behind, '\t');
	*rest = slice_skip(*rest, field.len);
	return field;
}

#endif
