/* SPDX-License-Identifier: ISC */
/* Where the store is. */
#include "source.h"

#include "host.h"
#include "num.h"

#define REDIS_PORT 6379
#define SENTINEL_PORT 26379
#define DB_MAX 2147483647u

static const struct {
	const char *scheme;
	enum source_kind kind;
} schemes[] = {
	{ "redis://", SOURCE_TCP },
	{ "rediss://", SOURCE_TLS },
	{ "redis+unix://", SOURCE_UNIX },
	{ "redis+sentinel://", SOURCE_SENTINEL },
};

static bool
refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

static bool
cut_scheme(struct slice *rest, struct source *out)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (slice_starts(*rest, schemes[i].scheme)) {
			*rest = slice_skip(*rest, strlen(schemes[i].scheme));
			out->kind = schemes[i].kind;
			return true;
		}
	return false;
}

/*
 * A password may contain any byte, even '/' and '@': everything before the last
 * '@' is the user part.
 */
static bool
cut_user(struct slice *rest, struct source *out, const char **why)
{
	const char *at = rest->len == 0 ? NULL : memrchr(rest->p, '@', rest->len);

	if (at == NULL)
		return true;
	out->user = slice_of(rest->p, (size_t)(at - rest->p));
	if (memchr(out->user.p, ':', out->user.len) != NULL)
		return refuse(why, "anyone can see a password in it: use --password-file");
	if (out->user.len == 0)
		return refuse(why, "no user before @");
	*rest = slice_skip(*rest, out->user.len + 1);
	return true;
}

static bool
read_db(struct slice text, struct source *out, const char **why)
{
	if (text.p == NULL || text.len == 0)
		return true;
	return num_parse(text, 0, DB_MAX, &out->db) || refuse(why, "the database is not a number");
}

static bool
read_server(struct slice text, uint16_t port, struct addr *out)
{
	if (addr_parse(text, 0, out) == ADDR_OK)
		return out->kind == ADDR_IP || out->kind == ADDR_HOST;
	*out = (struct addr){ .kind = ADDR_IP };
	if (!endpoint_parse_ip(text, &out->ip)) {
		if (!host_valid(text))
			return false;
		out->kind = ADDR_HOST;
		out->host = text;
	}
	out->ip.port = port;
	return true;
}

static bool
check_servers(const struct source *s, const char **why)
{
	struct slice rest = s->servers;
	struct addr addr;

	if (s->kind != SOURCE_SENTINEL && memchr(rest.p, ',', rest.len) != NULL)
		return refuse(why, "only redis+sentinel:// takes several servers");
	do {
		if (!read_server(slice_cut(&rest, ','), REDIS_PORT, &addr))
			return refuse(why, "not HOST or HOST:PORT after ://");
	} while (rest.p != NULL);
	return true;
}

static bool
read_unix(struct slice rest, struct source *out, const char **why)
{
	out->path = slice_cut(&rest, '?');
	if (out->path.len == 0 || *out->path.p != '/' || out->path.len >= 108 ||
	    memchr(out->path.p, '\0', out->path.len) != NULL)
		return refuse(why, "redis+unix:// takes an absolute path of at most 107 bytes");
	if (rest.p == NULL)
		return true;
	if (!slice_starts(rest, "db="))
		return refuse(why, "only ?db=NUMBER may follow the path");
	return read_db(slice_skip(rest, 3), out, why);
}

bool
source_parse(struct slice text, struct source *out, const char **why)
{
	struct slice rest = text;

	*out = (struct source){ .kind = SOURCE_STDIN };
	if (slice_is(text, "-"))
		return true;
	if (!cut_scheme(&rest, out))
		return refuse(why,
		    "neither redis://, rediss://, redis+unix://, redis+sentinel:// nor -");
	if (!cut_user(&rest, out, why))
		return false;
	if (out->kind == SOURCE_UNIX)
		return read_unix(rest, out, why);
	out->servers = slice_cut(&rest, '/');
	if (out->servers.len == 0)
		return refuse(why, "no host after ://");
	if (!check_servers(out, why))
		return false;
	if (out->kind == SOURCE_SENTINEL) {
		out->master = slice_cut(&rest, '/');
		if (out->master.len == 0)
			return refuse(why, "redis+sentinel:// needs the master's name: "
			    "HOST:PORT,.../MASTER");
	}
	return read_db(rest, out, why);
}

void
source_next(const struct source *s, struct slice *servers, struct addr *out)
{
	read_server(slice_cut(servers, ','),
	    s->kind == SOURCE_SENTINEL ? SENTINEL_PORT : REDIS_PORT, out);
}
