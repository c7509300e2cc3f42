/* SPDX-License-Identifier: ISC */
/* A registry, sessions by number, and what is reported of them. */
#include "tunneld_clients_help.h"

struct clients *clients;
struct session all[16];
void (*at_end)(struct session *s);
static char told[4096];

/* ---- what callbacks report ---- */

static void
note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
note(const char *format, ...)
{
	size_t n = strlen(told);
	va_list ap;

	va_start(ap, format);
	vsnprintf(told + n, sizeof(told) - n, format, ap);
	va_end(ap);
}

static void
on_end(void *arg, struct session *s, enum control_code why)
{
	assert_ptr_equal(arg, told);
	note("end %td %s\n", s - all, control_code_word(why));
	if (at_end != NULL)
		at_end(s);
}

static void
on_changed(void *arg, struct session *s)
{
	assert_ptr_equal(arg, told);
	note("changed %td\n", s - all);
}

static void
on_names(void *arg)
{
	assert_ptr_equal(arg, told);
	note("names\n");
}

void
forget_told(void)
{
	told[0] = '\0';
}

void
assert_told(const char *text)
{
	assert_string_equal(told, text);
	forget_told();
}

/* ---- the registry ---- */

static int
set_up(bool open)
{
	static const struct clients_ops ops = { .end = on_end, .changed = on_changed,
	    .names = on_names };

	memset(all, 0, sizeof(all));
	forget_told();
	at_end = NULL;
	clients = clients_new("tun.example.com", open, &ops, told);
	return clients == NULL ? -1 : 0;
}

int
set_up_clients(void **state)
{
	(void)state;
	return set_up(false);
}

int
set_up_open_clients(void **state)
{
	(void)state;
	return set_up(true);
}

int
tear_down_clients(void **state)
{
	(void)state;
	clients_free(clients);
	return 0;
}

void
load_at(const char *text, int64_t now)
{
	struct grant *list;

	assert_true(authfile_parse("f", slice_str(text), NULL, NULL, &list));
	assert_true(clients_load(clients, list, now));
}

void
load(const char *text)
{
	load_at(text, 0);
}

/* ---- sessions ---- */

struct session *
keyed(int i, const char *id, char instance)
{
	struct session *s = &all[i];

	strcpy(s->id, id);
	memset(s->instance, instance, CONTROL_INSTANCE_LEN);
	assert_true(endpoint_parse_ip(slice_str("192.0.2.1"), &s->peer));
	return s;
}

struct session *
secret(int i)
{
	struct session *s = &all[i];

	s->by_secret = true;
	sha256(slice_str("abc"), s->secret);
	assert_true(endpoint_parse_ip(slice_str("192.0.2.1"), &s->peer));
	return s;
}

void
let_in(struct session *s)
{
	assert_true(clients_join(clients, s, 0));
}

enum control_code
refused(struct session *s, int64_t now)
{
	assert_false(clients_join(clients, s, now));
	return s->why;
}

void
let_in_some(int n)
{
	for (int i = 1; i <= n; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
}

void
leave_ended(struct session *s)
{
	clients_leave(clients, s);
	memset(s, 0xa5, sizeof(*s));
}

/* ---- what is known of them ---- */

const char *
find(const char *name)
{
	static char text[32];
	struct session *s = NULL;
	size_t from;

	switch (clients_find(clients, slice_str(name), &s, &from)) {
	case CLIENTS_LIVE:
		snprintf(text, sizeof(text), "live %td", s - all);
		return text;
	case CLIENTS_AWAY:
		return "away";
	case CLIENTS_UNKNOWN:
		break;
	}
	return "unknown";
}

const char *
sessions(void)
{
	static char text[64];
	size_t n = 0;

	text[0] = '\0';
	for (struct session *s = clients_next(clients, NULL); s != NULL;
	    s = clients_next(clients, s)) {
		sprintf(text + strlen(text), "%td ", s - all);
		n++;
	}
	assert_int_equal(n, clients_sessions(clients));
	return text;
}

/* ---- distinct ids: 13 characters of the number, 39 of padding ---- */

void
number_id(unsigned n, char id[static IDENTITY_ID_SIZE])
{
	memset(id, 'a', IDENTITY_ID_LEN);
	for (int i = 0; i < 13; i++, n >>= 2)
		id[i] = (char)('a' + (n & 3));
	id[IDENTITY_ID_LEN] = '\0';
}

const char *
find_number(unsigned n)
{
	char name[128], id[IDENTITY_ID_SIZE];

	number_id(n, id);
	snprintf(name, sizeof(name), "%s" DOMAIN, id);
	return find(name);
}
