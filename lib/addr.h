/* SPDX-License-Identifier: ISC */
/* Addresses as text: what to listen on, what to connect to, who the peer is, CIDR lists. */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "slice.h"

/*
 * One end of a TCP connection. IPv4 is kept v4-mapped (::ffff:a.b.c.d), so that one compare and one
 * prefix match serve both; family says which it is.
 */
struct endpoint {
	uint8_t ip[16];		/* network order */
	uint16_t port;		/* host order */
	uint8_t family;		/* AF_INET, AF_INET6, AF_UNIX (no address kept), or
				   AF_UNSPEC: unknown */
};

#define ENDPOINT_V4_AT 12u	/* where IPv4 lies in a v4-mapped address (RFC 4291 2.5.5.2) */
#define ENDPOINT_TEXT_MAX 64	/* "[v6]:port" and a NUL fit */

enum addr_kind {
	ADDR_IP,	/* 192.0.2.1:80, [2001:db8::1]:80 */
	ADDR_HOST,	/* name:80 */
	ADDR_ANY,	/* :80, every local address, v4 and v6 */
	ADDR_UNIX,	/* unix:/path */
	ADDR_ABSTRACT,	/* unix:@name */
	ADDR_PASS	/* pass:/path */
};

enum addr_result {
	ADDR_OK,
	ADDR_EMPTY,		/* no text */
	ADDR_NO_PORT,		/* HOST without :PORT */
	ADDR_BAD_PORT,		/* not a number from the range allowed */
	ADDR_BAD_HOST,		/* neither an address nor a host name */
	ADDR_BAD_PATH,		/* not absolute, empty, or longer than sun_path holds */
	ADDR_BAD_ABSTRACT,	/* the name after unix:@ is empty or longer than that */
	ADDR_NOT_HERE		/* a form without meaning here (:PORT as target, pass: in http=) */
};

struct addr {
	enum addr_kind kind;
	struct slice host;	/* ADDR_HOST: the name; ADDR_UNIX, ADDR_PASS: the path;
				   ADDR_ABSTRACT: the name without '@'.
				   Borrowed from the text parsed. */
	struct endpoint ip;	/* ADDR_IP: the address; ADDR_HOST, ADDR_ANY: only its port */
};

/* What addr_parse() accepts besides IP, host and unix addresses. */
#define ADDR_LISTEN	1u	/* a listening address: :PORT, and port 0 */
#define ADDR_ALLOW_PASS	2u	/* pass:/PATH */

/* Parse text; on anything but ADDR_OK *out is undefined. Pure, text is borrowed by *out. */
enum addr_result addr_parse(struct slice text, unsigned allow, struct addr *out);

/*
 * Why addr_parse() with this allow refused, for a message that names the forms and ports that would
 * do: "no port (HOST:PORT or unix:/PATH)", ... Static.
 */
const char *addr_why(enum addr_result r, unsigned allow);

/*
 * The socket address of an ADDR_IP, ADDR_ANY (the v6 wildcard) or unix address; its length, or 0
 * for ADDR_HOST. ADDR_PASS gives the unix path.
 */
socklen_t addr_sockaddr(const struct addr *a, struct sockaddr_storage *out);

/* Set family and address, 4 or 16 bytes in network order; what is v4-mapped becomes AF_INET. */
void endpoint_set_v4(struct endpoint *e, const void *ip);
void endpoint_set_v6(struct endpoint *e, const void *ip);

/*
 * The endpoint of a socket address;
 * v4-mapped addresses become AF_INET, unknown families AF_UNSPEC.
 */
void endpoint_of(const struct sockaddr_storage *sa, struct endpoint *out);

/* The socket address of an AF_INET or AF_INET6 endpoint; its length, or 0 for another family. */
socklen_t endpoint_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);

/*
 * The address alone, NUL-terminated in out, which is borrowed: "192.0.2.1", "2001:db8::1"; absent
 * when it is neither v4 nor v6.
 */
struct slice endpoint_ip_text(const struct endpoint *e, char out[static ENDPOINT_TEXT_MAX]);

/* "192.0.2.1:80", "[2001:db8::1]:80", "unix", or "-" when unknown; returns out. */
const char *endpoint_text(const struct endpoint *e, char out[static ENDPOINT_TEXT_MAX]);

/* Of either version; not a unix socket's, nor unknown. */
static inline bool
endpoint_is_ip(const struct endpoint *e)
{
	return e->family == AF_INET || e->family == AF_INET6;
}

/* Whatever their ports. */
static inline bool
endpoint_same_ip(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/*
 * An IP literal without a port ("192.0.2.1", "2001:db8::1",
 * the latter also in brackets). Port is 0.
 */
bool endpoint_parse_ip(struct slice text, struct endpoint *out);

/* Whether e lies in one of the comma-separated CIDRs of list, which cidr_list_valid() accepted. */
bool cidr_list_has(struct slice list, const struct endpoint *e);

/*
 * Check a comma-separated list of ADDRESS[/BITS]. False sets *bad to the first item that is not one
 * (an empty item or list counts; host bits set after the prefix are accepted).
 */
bool cidr_list_valid(struct slice list, struct slice *bad);

#endif
