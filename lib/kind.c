/* SPDX-License-Identifier: ISC */
/* Kinds of visitors, and the words for them. */
#include <string.h>

#include "kind.h"

#define TLS_FIRST 0x16	/* of a record of type handshake (RFC 8446 5.1) */

const char *
kind_word(enum kind kind)
{
	static const char *const word[] = { "", [KIND_TLS] = "tls", [KIND_HTTP] = "http",
		[KIND_TCP] = "tcp" };

	return word[kind];
}

enum kind
kind_of(struct slice word)
{
	enum kind kind = KIND_TCP;

	while (kind != KIND_UNKNOWN && !slice_is(word, kind_word(kind)))
		kind--;
	return kind;
}

/*
 * What HTTP begins with: the methods of RFC 9110, PATCH, those of WebDAV and its kin that IANA
 * has, and the start of HTTP/2. Left out are words that other text protocols begin with too: ACL,
 * LINK, UNLINK, UPDATE.
 */
static const char *const methods[] = { "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ",
	"OPTIONS ", "TRACE ", "PATCH ", "PROPFIND ", "PROPPATCH ", "MKCOL ", "COPY ", "MOVE ",
	"LOCK ", "UNLOCK ", "REPORT ", "SEARCH ", "MKCALENDAR ", "VERSION-CONTROL ", "CHECKIN ",
	"CHECKOUT ", "UNCHECKOUT ", "MERGE ", "LABEL ", "BASELINE-CONTROL ", "MKACTIVITY ",
	"MKWORKSPACE ", "BIND ", "REBIND ", "UNBIND ", "ORDERPATCH ", "MKREDIRECTREF ",
	"UPDATEREDIRECTREF ", "PRI " };

enum kind
kind_of_bytes(struct slice first)
{
	if (first.len > 0 && first.p[0] == TLS_FIRST)
		return KIND_TLS;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		struct slice method = slice_str(methods[i]);

		if (slice_starts(first, methods[i]))
			return KIND_HTTP;
		if (first.len < method.len && memcmp(first.p, method.p, first.len) == 0)
			return KIND_UNKNOWN;
	}
	return KIND_TCP;
}

enum kind
kind_of_byte(unsigned char first)
{
	if (first == TLS_FIRST)
		return KIND_TLS;
	return first >= 'A' && first <= 'Z' ? KIND_HTTP : KIND_TCP;
}
