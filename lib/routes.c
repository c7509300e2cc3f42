/* SPDX-License-Identifier: ISC */
/* The routes file, routes(5): tables and the answers they give. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "routes_sorted.h"
#include "routes_table.h"

#define UNMAP_ONCE (1024u * 1024u)	/* bytes of a table given back at once */

struct routes {
	char *path;			/* owned */
	int fd;				/* owned; -1 when searched */
	size_t size;			/* of the mapping */
	struct routes_table table;		/* of the mapping, owned */
	struct routes_sorted *sorted;	/* owned; searched instead of loaded; else NULL */
};

/* ---- tables ---- */

static struct routes *
routes_new(const char *path)
{
	struct routes *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->fd = -1;
	r->path = strdup(path);
	if (r->path == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void
routes_close_fd(struct routes *r)
{
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
}

void
routes_free(struct routes *r)
{
	if (r == NULL)
		return;
	/* A loop may be waiting for our CPU. */
	for (size_t at = 0, n; r->table.head != NULL && at < r->size; at += n) {
		n = r->size - at < UNMAP_ONCE ? r->size - at : UNMAP_ONCE;
		munmap((char *)r->table.head + at, n);
		sched_yield();
	}
	routes_close_fd(r);
	routes_sorted_free(r->sorted);
	free(r->path);
	free(r);
}

/*
 * A private mapping shares its pages too, and older kernels refuse
 * a shared one of a sealed file.
 */
static int
map_table(struct routes *r)
{
	struct routes_table t;
	struct stat st;
	void *map;

	if (fstat(r->fd, &st) == -1)
		return -1;
	if ((size_t)st.st_size < sizeof(struct routes_head)) {
		errno = EINVAL;
		return -1;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, r->fd, 0);
	if (map == MAP_FAILED)
		return -1;
	if (routes_table_place(&t, map) != (size_t)st.st_size || t.head->magic != ROUTES_MAGIC) {
		munmap(map, (size_t)st.st_size);
		errno = EINVAL;
		return -1;
	}
	r->size = (size_t)st.st_size;
	r->table = t;
	return 0;
}

struct routes *
routes_from_fd(int fd, const char *path)
{
	struct routes *r = routes_new(path);
	int saved;

	if (r == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
		return NULL;
	}
	r->fd = fd;
	if (map_table(r) == 0)
		return r;
	saved = errno;
	routes_free(r);
	errno = saved;
	return NULL;
}

enum routes_result
routes_open_sorted(const char *path, routes_report *report, void *arg, struct routes **out)
{
	enum routes_result result = ROUTES_FAILED;
	struct routes *r = routes_new(path);

	*out = NULL;
	if (r == NULL)
		routes_tell(report, arg, path, 0, strerror(errno));
	else
		result = routes_sorted_open(r->path, report, arg, &r->sorted);
	if (result == ROUTES_LOADED)
		*out = r;
	else
		routes_free(r);
	return result;
}

int
routes_fd(const struct routes *r)
{
	return r->fd;
}

bool
routes_has_pass(const struct routes *r)
{
	return r->sorted != NULL || r->table.head->has_pass;
}

size_t
routes_count(const struct routes *r)
{
	return r->sorted != NULL ? 0 : r->table.head->count;
}

size_t
routes_bytes(const struct routes *r)
{
	return r->size;
}

bool
routes_next_listen(const struct routes *r, size_t *cursor, struct slice *address)
{
	if (r->sorted != NULL || *cursor >= r->table.head->nlistens)
		return false;
	*address = routes_line_name(routes_table_line(&r->table, r->table.listens[*cursor]));
	++*cursor;
	return true;
}

struct slice
routes_whole_text(const struct routes *r)
{
	return r->sorted != NULL ? slice_of(NULL, 0) :
	    slice_of(r->table.text, r->table.head->text_len);
}

/* ---- look-ups ---- */

struct search {
	const struct routes *routes;
	enum routes_kind kind;
	struct slice alpn;
	struct route *out;
	int rank;			/* of the answer, ROUTES_NO_MATCH while there is none */
};

/* The keys of one NAME. False: its lines could not be read. */
static bool
collect(struct search *s, struct slice name, struct routes_fields *f)
{
	const struct routes *r = s->routes;

	routes_fields_clear(f);
	if (r->sorted == NULL) {
		routes_table_collect(&r->table, name, routes_table_hash(&r->table, name), f);
		return true;
	}
	switch (routes_sorted_collect(r->sorted, name, f)) {
	case ROUTES_LOADED:
		return true;
	case ROUTES_REFUSED:
		s->rank = ROUTES_BAD_LINE;
		break;
	case ROUTES_FAILED:
		s->rank = ROUTES_UNREADABLE;
		break;
	}
	return false;
}

/*
 * Try one NAME. True when the search is over:
 * it has an answer, or a line that can't be read may hide it.
 */
static bool
try_name(struct search *s, struct slice name, int rank)
{
	struct routes_fields f;

	if (!collect(s, name, &f))
		return true;
	if (!routes_fields_answer(&f, s->kind, s->alpn, s->out))
		return false;
	s->out->file = s->routes->path;
	s->rank = rank;
	return true;
}

/* Whether the table has a wildcard whose suffix has this many labels: spares most searches. */
static bool
has_depth(const struct routes *r, unsigned labels)
{
	if (r->sorted != NULL)
		return true;
	return labels < ROUTES_DEPTHS && r->table.head->depths[labels / 64] >> labels % 64 & 1;
}

/* "*.b.c" and "*.c" for "a.b.c", written over a copy of the name. */
static bool
try_wildcards(struct search *s, struct slice name)
{
	char copy[HOST_MAX];
	unsigned labels = 0;

	memcpy(copy, name.p, name.len);
	for (size_t i = 0; i < name.len; i++)
		labels += copy[i] == '.';
	for (size_t i = 1; i < name.len; i++) {
		size_t suffix_len = name.len - i - 1;

		if (copy[i] != '.' || !has_depth(s->routes, labels--))
			continue;
		copy[i - 1] = '*';
		if (try_name(s, slice_of(copy + i - 1, suffix_len + 2), (int)suffix_len))
			return true;
	}
	return false;
}

static bool
try_all(struct search *s, struct slice name)
{
	bool named = name.len > 0 && name.len <= HOST_MAX && s->kind != ROUTES_TCP;

	if (s->kind == ROUTES_LISTEN)
		return name.len > 0 && try_name(s, name, ROUTES_EXACT);
	if (named && (try_name(s, name, ROUTES_EXACT) || try_wildcards(s, name)))
		return true;
	return try_name(s, slice_str("*"), ROUTES_DEFAULT);
}

int
routes_find(const struct routes *r, enum routes_kind kind, struct slice name, struct slice alpn,
    struct route *out)
{
	struct search s = { .routes = r, .kind = kind, .alpn = alpn, .out = out,
		.rank = ROUTES_NO_MATCH };

	try_all(&s, name);
	return s.rank;
}

struct slice
routes_rank_name(int rank, struct slice name, char room[static HOST_PATTERN_MAX])
{
	if (rank < ROUTES_DEFAULT)
		return slice_of(NULL, 0);
	if (rank == ROUTES_DEFAULT)
		return slice_str("*");
	if (rank == ROUTES_EXACT)
		return name;
	room[0] = '*';
	room[1] = '.';
	memcpy(room + 2, name.p + name.len - rank, (size_t)rank);
	return slice_of(room, (size_t)rank + 2);
}

unsigned
routes_line_number(const struct routes *r, const struct route *answer)
{
	return r->sorted == NULL ? routes_table_line_number(&r->table, answer->key.p) : 0;
}
