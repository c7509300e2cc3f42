/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/control.c: what is read stays within its bounds and, written and read again,
 * is the same message.
 */
#include <assert.h>
#include <stdlib.h>

#include "control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void
touch(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		sink += (uint8_t)s.p[i];
}

static void
check_bounds(const struct control *c)
{
	assert(c->n_services <= CONTROL_SERVICES_MAX && c->n_names <= CONTROL_NAMES_MAX &&
	    c->text.len <= CONTROL_TEXT_MAX);
	for (size_t i = 0; i < c->n_services; i++) {
		touch(slice_str(kind_word(c->services[i].kind)));
		touch(c->services[i].name);
	}
	for (size_t i = 0; i < c->n_names; i++)
		touch(c->names[i]);
	touch(c->text);
}

static void
check_same(const struct control *a, const struct control *b)
{
	assert(a->type == b->type && a->version == b->version &&
	    strcmp(a->instance, b->instance) == 0);
	assert(a->heartbeat_ms == b->heartbeat_ms && a->dead_ms == b->dead_ms &&
	    a->streams == b->streams);
	assert(a->code == b->code && slice_eq(a->text, b->text));
	assert(a->after_ms == b->after_ms && a->within_ms == b->within_ms);
	assert(a->n_services == b->n_services && a->n_names == b->n_names);
	for (size_t i = 0; i < a->n_services; i++)
		assert(slice_eq(a->services[i].name, b->services[i].name));
	for (size_t i = 0; i < a->n_names; i++)
		assert(slice_eq(a->names[i], b->names[i]));
}

/* A long line that left out what has a default may be too long to write. */
static void
check_round_trip(const struct control *c, size_t size)
{
	struct control again;
	const char *why;
	size_t len;
	char *line = control_write(c, &len);

	if (line == NULL) {
		assert(size > CONTROL_LINE_MAX - 100);
		return;
	}
	assert(len <= CONTROL_LINE_MAX && line[len - 1] == '\n');
	assert(memchr(line, '\n', len) == line + len - 1);
	assert(control_read(slice_of(line, len - 1), &again, &why));
	check_same(c, &again);
	control_free(&again);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);
	struct control c;
	const char *why = NULL;

	if (size > 0)
		memcpy(copy, data, size);
	if (control_read(slice_of(copy, size), &c, &why)) {
		free(copy);
		check_bounds(&c);
		if (c.type != CONTROL_OTHER)
			check_round_trip(&c, size);
		control_free(&c);
		return 0;
	}
	assert(why != NULL && c.memory == NULL);
	free(copy);
	return 0;
}
