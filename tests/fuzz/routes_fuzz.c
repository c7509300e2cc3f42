/* SPDX-License-Identifier: ISC */
/* Fuzz lib/routes*.c: any bytes as a routes file, and both ways to search it must agree. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "routes.h"
#include "routes_line.h"

#define NAMES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
same(struct slice a, struct slice b)
{
	return (a.p == NULL) == (b.p == NULL) && slice_eq(a, b);
}

static void
expect_same(const struct route *a, const struct route *b)
{
	if (!same(a->name, b->name) || !same(a->key, b->key) || !same(a->targets, b->targets) ||
	    !same(a->alpn, b->alpn) || !same(a->allow, b->allow) || !same(a->deny, b->deny) ||
	    !same(a->as, b->as) || a->max != b->max || a->proxy != b->proxy ||
	    a->balance != b->balance)
		abort();
}

/*
 * What could not be loaded may be searched all the same, but then there is nothing to compare with.
 */
static void
look_up_one(const struct routes *loaded, const struct routes *searched, enum routes_kind kind,
    struct slice name, struct slice alpn)
{
	int rank = ROUTES_NO_MATCH, searched_rank = ROUTES_NO_MATCH;
	struct route a, b;

	if (loaded != NULL)
		rank = routes_find(loaded, kind, name, alpn, &a);
	if (searched != NULL)
		searched_rank = routes_find(searched, kind, name, alpn, &b);
	if (loaded == NULL || searched == NULL)
		return;
	if (rank != searched_rank)
		abort();
	if (rank >= ROUTES_DEFAULT)
		expect_same(&a, &b);
}

static void
look_up(const struct routes *loaded, const struct routes *searched, struct slice name)
{
	for (int kind = ROUTES_TLS; kind <= ROUTES_LISTEN; kind++) {
		look_up_one(loaded, searched, (enum routes_kind)kind, name, slice_of(NULL, 0));
		look_up_one(loaded, searched, (enum routes_kind)kind, name,
		    slice_str("\x01y\x02h2\x01x"));
	}
}

static void
look_up_names_of(const struct routes *loaded, const struct routes *searched, struct slice text)
{
	char name[HOST_MAX + 1], below[HOST_MAX + 3];

	look_up(loaded, searched, slice_of(NULL, 0));
	look_up(loaded, searched, slice_str("*"));
	for (int i = 0; i < NAMES_MAX && text.len > 0; i++) {
		struct slice as_written = routes_line_name(slice_cut(&text, '\n'));

		look_up(loaded, searched, as_written);
		if (slice_starts(as_written, "*."))
			as_written = slice_skip(as_written, 2);
		if (host_normalize(as_written, name) == 0)
			continue;
		look_up(loaded, searched, slice_str(name));
		snprintf(below, sizeof(below), "y.%s", name);
		look_up(loaded, searched, slice_str(below));
	}
}

static void
look_at_all(const struct routes *loaded, const char *path)
{
	struct slice address;
	struct routes *copy;
	struct route out;
	size_t cursor = 0;

	while (routes_next_listen(loaded, &cursor, &address))
		if (routes_find(loaded, ROUTES_LISTEN, address, slice_of(NULL, 0), &out) !=
		    ROUTES_EXACT)
			abort();
	copy = routes_from_fd(dup(routes_fd(loaded)), path);
	if (copy == NULL || routes_count(copy) != routes_count(loaded))
		abort();
	routes_free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("routes_fuzz", MFD_CLOEXEC);
	struct routes *loaded, *searched;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (routes_load(path, NULL, NULL, &loaded) == ROUTES_FAILED)
		abort();
	if (routes_open_sorted(path, NULL, NULL, &searched) == ROUTES_FAILED)
		abort();
	close(fd);
	look_up_names_of(loaded, searched, slice_of((const char *)data, size));
	if (loaded != NULL)
		look_at_all(loaded, path);
	routes_free(loaded);
	routes_free(searched);
	return 0;
}
