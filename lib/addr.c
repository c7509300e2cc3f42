/* SPDX-License-Identifier: ISC */
/* Addresses as text: what to listen on, what to connect to, who the peer is, CIDR lists. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "addr.h"
#include "host.h"
#include "num.h"
#include "text.h"

#define PATH_LEN_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)	/* a NUL before or after */

static const uint8_t v4_mapped[ENDPOINT_V4_AT] = { [10] = 0xff, [11] = 0xff };

void
endpoint_set_v4(struct endpoint *e, const void *ip)
{
	memcpy(e->ip, v4_mapped, sizeof(v4_mapped));
	memcpy(e->ip + ENDPOINT_V4_AT, ip, 4);
	e->family = AF_INET;
}

void
endpoint_set_v6(struct endpoint *e, const void *ip)
{
	memcpy(e->ip, ip, sizeof(e->ip));
	e->family = memcmp(ip, v4_mapped, sizeof(v4_mapped)) == 0 ? AF_INET : AF_INET6;
}

bool
endpoint_parse_ip(struct slice text, struct endpoint *out)
{
	bool bracketed = text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']';
	char copy[INET6_ADDRSTRLEN];
	struct in_addr ip4;
	struct in6_addr ip6;

	if (bracketed)
		text = slice_of(text.p + 1, text.len - 2);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.p, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';

	memset(out, 0, sizeof(*out));
	if (!bracketed && inet_pton(AF_INET, copy, &ip4) == 1)
		endpoint_set_v4(out, &ip4);
	else if (inet_pton(AF_INET6, copy, &ip6) == 1)
		endpoint_set_v6(out, &ip6);
	else
		return false;
	return true;
}

/* ---- addr_parse() and its forms ---- */

/*
 * No blanks, commas or control bytes: the path must fit in a field,
 * in a list and on the readiness line.
 */
static enum addr_result
parse_path(struct slice path, enum addr_kind kind, struct addr *out)
{
	enum addr_result bad = kind == ADDR_ABSTRACT ? ADDR_BAD_ABSTRACT : ADDR_BAD_PATH;

	if (path.len == 0 || path.len > PATH_LEN_MAX || (kind != ADDR_ABSTRACT && path.p[0] != '/'))
		return bad;
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c <= ' ' || c == 0x7f || c == ',')
			return bad;
	}
	out->kind = kind;
	out->host = path;
	return ADDR_OK;
}

/*
 * Cut text into host (brackets included) and port. The last colon counts,
 * unless it is inside brackets.
 */
static enum addr_result
split_port(struct slice text, struct slice *host, struct slice *port)
{
	const char *colon = memrchr(text.p, ':', text.len);
	const char *bracket = memrchr(text.p, ']', text.len);

	if (colon == NULL || (bracket != NULL && bracket > colon))
		return ADDR_NO_PORT;
	*host = slice_of(text.p, (size_t)(colon - text.p));
	*port = slice_skip(text, host->len + 1);
	return ADDR_OK;
}

static enum addr_result
parse_host(struct slice host, unsigned allow, struct addr *out)
{
	if (host.len == 0 && !(allow & ADDR_LISTEN))
		return ADDR_NOT_HERE;
	if (host.len == 0) {
		out->kind = ADDR_ANY;
		return ADDR_OK;
	}
	/* Without brackets the end of an IPv6 address cannot be told from a port. */
	if (host.p[0] != '[' && memchr(host.p, ':', host.len) != NULL)
		return ADDR_BAD_HOST;
	if (endpoint_parse_ip(host, &out->ip)) {
		out->kind = ADDR_IP;
		return ADDR_OK;
	}
	if (!host_valid(host))
		return ADDR_BAD_HOST;
	out->kind = ADDR_HOST;
	out->host = host;
	return ADDR_OK;
}

static enum addr_result
parse_host_port(struct slice text, unsigned allow, struct addr *out)
{
	enum addr_result r;
	struct slice host, port;
	uint64_t number;

	if ((r = split_port(text, &host, &port)) != ADDR_OK)
		return r;
	if ((r = parse_host(host, allow, out)) != ADDR_OK)
		return r;
	if (!num_parse(port, allow & ADDR_LISTEN ? 0 : 1, UINT16_MAX, &number))
		return ADDR_BAD_PORT;
	out->ip.port = (uint16_t)number;
	return ADDR_OK;
}

enum addr_result
addr_parse(struct slice text, unsigned allow, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	if (text.len == 0)
		return ADDR_EMPTY;
	if (slice_starts(text, "pass:") && !(allow & ADDR_ALLOW_PASS))
		return ADDR_NOT_HERE;
	if (slice_starts(text, "pass:"))
		return parse_path(slice_skip(text, strlen("pass:")), ADDR_PASS, out);
	if (slice_starts(text, "unix:@"))
		return parse_path(slice_skip(text, strlen("unix:@")), ADDR_ABSTRACT, out);
	if (slice_starts(text, "unix:"))
		return parse_path(slice_skip(text, strlen("unix:")), ADDR_UNIX, out);
	return parse_host_port(text, allow, out);
}

const char *
addr_why(enum addr_result r, unsigned allow)
{
	static const char *const reason[] = {
		[ADDR_OK] = "fine",
		[ADDR_EMPTY] = "no address",
		[ADDR_NO_PORT] = "no port (HOST:PORT or unix:/PATH)",
		[ADDR_BAD_PORT] = "port is not a number from 1 to 65535",
		[ADDR_BAD_HOST] = "neither an IP address nor a host name "
		    "(IPv6 goes in brackets: [::1]:443)",
		[ADDR_BAD_PATH] = "socket path is not absolute, over 107 bytes, "
		    "or has blanks or commas",
		[ADDR_BAD_ABSTRACT] = "abstract socket name is empty, over 107 bytes, "
		    "or has blanks or commas",
		[ADDR_NOT_HERE] = "this form of address has no meaning here (HOST:PORT or "
		    "unix:/PATH has)",
	};
	bool listen = (allow & ADDR_LISTEN) != 0;

	if (r == ADDR_NO_PORT && listen)
		return "no port (HOST:PORT, :PORT or unix:/PATH)";
	if (r == ADDR_BAD_PORT && listen)
		return "port is not a number from 0 to 65535";
	if (r == ADDR_NOT_HERE && listen)
		return "nobody can listen there (HOST:PORT, :PORT or unix:/PATH)";
	return reason[r];
}

/* ---- socket addresses ---- */

static socklen_t
unix_sockaddr(struct slice path, bool abstract, struct sockaddr_storage *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)out;

	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + abstract, path.p, path.len);
	/*
	 * An abstract name begins with a NUL and ends with the length (unix(7));
	 * a path ends with a NUL.
	 */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
}

static socklen_t
any_sockaddr(uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	in6->sin6_family = AF_INET6;
	in6->sin6_addr = in6addr_any;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

socklen_t
addr_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	switch (a->kind) {
	case ADDR_IP:
		return endpoint_sockaddr(&a->ip, out);
	case ADDR_HOST:
		return 0;
	case ADDR_ANY:
		return any_sockaddr(a->ip.port, out);
	case ADDR_ABSTRACT:
		return unix_sockaddr(a->host, true, out);
	case ADDR_UNIX:
	case ADDR_PASS:
		return unix_sockaddr(a->host, false, out);
	}
	return 0;
}

socklen_t
endpoint_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	switch (e->family) {
	case AF_INET:
		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->ip + ENDPOINT_V4_AT, sizeof(in->sin_addr));
		return sizeof(*in);
	case AF_INET6:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(e->port);
		memcpy(&in6->sin6_addr, e->ip, sizeof(in6->sin6_addr));
		return sizeof(*in6);
	default:
		return 0;
	}
}

void
endpoint_of(const struct sockaddr_storage *sa, struct endpoint *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

	memset(out, 0, sizeof(*out));
	switch (sa->ss_family) {
	case AF_INET:
		endpoint_set_v4(out, &in->sin_addr);
		out->port = ntohs(in->sin_port);
		break;
	case AF_INET6:
		endpoint_set_v6(out, &in6->sin6_addr);
		out->port = ntohs(in6->sin6_port);
		break;
	case AF_UNIX:
		out->family = AF_UNIX;
		break;
	default:
		out->family = AF_UNSPEC;
		break;
	}
}

/* inet_ntop(3) uses sprintf(3) inside, and every log line has an address. */
static void
add_v4(struct text *t, const uint8_t *ip)
{
	for (int i = 0; i < 4; i++) {
		text_str(t, i == 0 ? "" : ".");
		text_number(t, ip[i]);
	}
}

struct slice
endpoint_ip_text(const struct endpoint *e, char out[static ENDPOINT_TEXT_MAX])
{
	struct text t = text_in(out, ENDPOINT_TEXT_MAX - 1);

	if (e->family == AF_INET)
		add_v4(&t, e->ip + ENDPOINT_V4_AT);
	else if (e->family == AF_INET6)
		return slice_str(inet_ntop(AF_INET6, e->ip, out, ENDPOINT_TEXT_MAX));
	else
		return slice_of(NULL, 0);
	*t.at = '\0';
	return slice_of(out, (size_t)(t.at - out));
}

const char *
endpoint_text(const struct endpoint *e, char out[static ENDPOINT_TEXT_MAX])
{
	struct text t = text_in(out, ENDPOINT_TEXT_MAX - 1);
	char room[ENDPOINT_TEXT_MAX];
	struct slice ip = endpoint_ip_text(e, room);
	bool v6 = e->family == AF_INET6;

	if (ip.p == NULL) {
		text_str(&t, e->family == AF_UNIX ? "unix" : "-");
	} else {
		text_str(&t, v6 ? "[" : "");
		text_add(&t, ip);
		text_str(&t, v6 ? "]:" : ":");
		text_number(&t, e->port);
	}
	*t.at = '\0';
	return out;
}

/* ---- CIDR lists ---- */

struct cidr {
	struct endpoint net;
	unsigned bits;		/* of the 128, so 96 and more for an IPv4 net */
};

static bool
cidr_parse(struct slice text, struct cidr *out)
{
	struct slice bits = text;
	struct slice ip = slice_cut(&bits, '/');
	uint64_t number;

	if (!endpoint_parse_ip(ip, &out->net))
		return false;
	/* ::ffff:10.0.0.0/104 counts 128 bits */
	bool v4_text = memchr(ip.p, ':', ip.len) == NULL;

	out->bits = 128;
	if (bits.p == NULL)
		return true;
	if (!num_parse(bits, 0, v4_text ? 32 : 128, &number))
		return false;
	out->bits = (unsigned)number + (v4_text ? ENDPOINT_V4_AT * 8 : 0);
	return true;
}

/* Families are compared too: ::/0 means every IPv6 address, and no IPv4 one. */
static bool
cidr_has(const struct cidr *c, const struct endpoint *e)
{
	unsigned bytes = c->bits / 8, bits = c->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> bits);

	if (c->net.family != e->family || memcmp(c->net.ip, e->ip, bytes) != 0)
		return false;
	return bits == 0 || ((c->net.ip[bytes] ^ e->ip[bytes]) & mask) == 0;
}

bool
cidr_list_has(struct slice list, const struct endpoint *e)
{
	struct cidr cidr;

	while (list.p != NULL)
		if (cidr_parse(slice_cut(&list, ','), &cidr) && cidr_has(&cidr, e))
			return true;
	return false;
}

bool
cidr_list_valid(struct slice list, struct slice *bad)
{
	struct cidr cidr;

	do {
		struct slice item = slice_cut(&list, ',');

		if (!cidr_parse(item, &cidr)) {
			*bad = item;
			return false;
		}
	} while (list.p != NULL);
	return true;
}
