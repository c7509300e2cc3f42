/* SPDX-License-Identifier: ISC */
/* All the fields of one NAME, from however many lines: the answer they give to a look-up. */
#include "hello.h"
#include "num.h"
#include "routes_line.h"

void
routes_fields_clear(struct routes_fields *f)
{
	f->name = slice_of(NULL, 0);
	f->n = 0;
}

const struct routes_field *
routes_fields_repeated(const struct routes_fields *f, size_t from)
{
	for (size_t i = from; i < f->n; i++)
		for (size_t before = 0; before < i; before++)
			if (slice_eq(f->field[before].word, f->field[i].word))
				return &f->field[before];
	return NULL;
}

bool
route_has_pass(struct slice targets)
{
	while (targets.p != NULL)
		if (slice_starts(slice_cut(&targets, ','), "pass:"))
			return true;
	return false;
}

bool
routes_fields_pass(const struct routes_fields *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->field[i].key <= KEY_LAST_TARGET && route_has_pass(f->field[i].value))
			return true;
	return false;
}

static const struct routes_field *
find_key(const struct routes_fields *f, enum routes_key key)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->field[i].key == key)
			return &f->field[i];
	return NULL;
}

static struct slice
proto_of(const struct routes_field *f)
{
	return slice_skip(f->word, strlen(ROUTES_ALPN_PREFIX));
}

/* The first protocol with a key, in the client's order. */
static const struct routes_field *
find_alpn(const struct routes_fields *f, struct slice alpn)
{
	struct slice proto;

	if (find_key(f, KEY_ALPN) == NULL)
		return NULL;
	while ((proto = hello_alpn_next(&alpn)).p != NULL)
		for (size_t i = 0; i < f->n; i++)
			if (f->field[i].key == KEY_ALPN && slice_eq(proto_of(&f->field[i]), proto))
				return &f->field[i];
	return NULL;
}

static const struct routes_field *
find_answer(const struct routes_fields *f, enum routes_kind kind, struct slice alpn)
{
	const struct routes_field *hit = NULL;

	switch (kind) {
	case ROUTES_TLS:
		hit = find_alpn(f, alpn);
		return hit != NULL ? hit : find_key(f, KEY_TLS);
	case ROUTES_HTTP:
		hit = find_key(f, KEY_HTTP);
		return hit != NULL ? hit : find_key(f, KEY_TLS);
	case ROUTES_TCP:
	case ROUTES_LISTEN:
		return find_key(f, KEY_TCP);
	}
	return NULL;
}

static void
set_option(const struct routes_field *f, struct route *out)
{
	switch (f->key) {
	case KEY_PROXY:
		routes_parse_proxy(f->value, &out->proxy);
		break;
	case KEY_BALANCE:
		routes_parse_balance(f->value, &out->balance);
		break;
	case KEY_ALLOW:
		out->allow = f->value;
		break;
	case KEY_DENY:
		out->deny = f->value;
		break;
	case KEY_MAX:
		num_parse(f->value, 1, UINT32_MAX, &out->max);
		break;
	case KEY_AS:
		out->as = f->value;
		break;
	case KEY_TLS:
	case KEY_HTTP:
	case KEY_TCP:
	case KEY_ALPN:
	case KEY_UNKNOWN:
		break;
	}
}

bool
routes_fields_answer(const struct routes_fields *f, enum routes_kind kind, struct slice alpn,
    struct route *out)
{
	const struct routes_field *hit = find_answer(f, kind, alpn);

	if (hit == NULL)
		return false;
	*out = (struct route){ .name = f->name, .key = hit->word, .targets = hit->value };
	if (hit->key == KEY_ALPN)
		out->alpn = proto_of(hit);
	for (size_t i = 0; i < f->n; i++)
		set_option(&f->field[i], out);
	return true;
}

bool
route_admits(const struct route *route, const struct endpoint *client)
{
	return (route->deny.p == NULL || !cidr_list_has(route->deny, client)) &&
	    (route->allow.p == NULL || cidr_list_has(route->allow, client));
}
