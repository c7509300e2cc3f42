/* SPDX-License-Identifier: ISC */
/*
 * Fuzz tunneld/authfile.c: any bytes as a file. What it takes holds what the header says,
 * and a registry serves it.
 */
#include <stdlib.h>

#include "../../tunneld/clients.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t reports;

static void
on_report(void *arg, const char *text)
{
	(void)arg;
	reports += strlen(text) > 0;
}

static void
on_end(void *arg, struct session *s, enum control_code why)
{
	(void)arg;
	(void)s;
	if (why != CONTROL_REVOKED)
		abort();
}

static void
on_changed(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
}

static void
on_names(void *arg)
{
	(void)arg;
}

static void
check_name(struct slice name)
{
	char normal[HOST_MAX + 1];

	if (slice_starts(name, "*."))
		name = slice_skip(name, 2);
	if (identity_reserved(name) ||
	    !slice_eq(name, slice_of(normal, host_normalize(name, normal))))
		abort();
}

static void
check_grant(const struct grant *g)
{
	struct slice rest = g->names, name, bad;

	while ((name = grant_next_name(&rest)).p != NULL)
		check_name(name);
	if (g->by_secret ? g->names.p == NULL : !identity_id_valid(slice_str(g->id)))
		abort();
	if (g->sessions == 0 || g->streams == 0 || g->streams > AUTHFILE_STREAMS_MAX)
		abort();
	if (g->from.p != NULL && !cidr_list_valid(g->from, &bad))
		abort();
}

/*
 * Whatever the line, its client comes in from somewhere at some time, is found by its names,
 * and goes with its line.
 */
static void
serve(struct clients *c, const struct grant *g)
{
	struct session s = { .by_secret = g->by_secret }, *found;
	struct slice rest = g->names, name;
	size_t from;
	bool welcome;

	memcpy(s.id, g->id, sizeof(s.id));
	memcpy(s.secret, g->secret, sizeof(s.secret));
	welcome = clients_join(c, &s, INT64_MIN);
	if (g->from.p == NULL && !welcome)
		abort();
	while ((name = grant_next_name(&rest)).p != NULL)
		if (!slice_starts(name, "*.") &&
		    clients_find(c, name, &found, &from) !=
		    (welcome ? CLIENTS_LIVE : CLIENTS_AWAY))
			abort();
	clients_leave(c, &s);
}

static void
register_all(struct slice text, const struct grant *list)
{
	static const struct clients_ops ops = { .end = on_end, .changed = on_changed,
	    .names = on_names };
	struct clients *c = clients_new("tun.example", false, &ops, NULL);
	struct grant *again;

	if (c == NULL || !authfile_parse("f", text, NULL, NULL, &again) ||
	    !clients_load(c, again, 0))
		abort();
	for (const struct grant *g = list; g != NULL; g = g->next)
		serve(c, g);
	clients_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct grant *list;
	bool ok;

	reports = 0;
	ok = authfile_parse("f", text, on_report, NULL, &list);
	if (ok != (reports == 0) || (!ok && list != NULL))
		abort();
	for (const struct grant *g = list; g != NULL; g = g->next)
		check_grant(g);
	if (ok)
		register_all(text, list);
	grants_free(list);
	return 0;
}
