/* SPDX-License-Identifier: ISC */
/* The PROXY protocol, versions 1 and 2, both ways (haproxy.org, proxy-protocol.txt). */
#ifndef PROXYHDR_H
#define PROXYHDR_H

#include <stdint.h>

#include "addr.h"
#include "slice.h"

#define PROXYHDR_V1_MAX 107u		/* bytes of the longest version 1 line, CRLF included */
#define PROXYHDR_MAX 1024u		/* bytes of the longest header proxyhdr_write() makes */
#define PROXYHDR_READ_MAX 4096u		/* bytes of the longest version 2 header we accept */

enum proxyhdr_version { PROXYHDR_NONE = 0, PROXYHDR_V1 = 1, PROXYHDR_V2 = 2 };

enum proxyhdr_result {
	PROXYHDR_MORE,		/* a prefix of a header */
	PROXYHDR_OK,
	PROXYHDR_ABSENT,	/* the bytes are not a PROXY header */
	PROXYHDR_BAD		/* it begins as one but breaks the rules */
};

/* TLV types (version 2). */
#define PROXYHDR_TLV_ALPN 0x01
#define PROXYHDR_TLV_AUTHORITY 0x02
#define PROXYHDR_TLV_KIND 0xE0		/* ours: "tls", "http" or "tcp" */

struct proxyhdr {
	struct endpoint src, dst;	/* family AF_UNSPEC: LOCAL, UNKNOWN, UNSPEC or unix;
					   use the socket's own */
	struct slice authority;		/* v2 TLVs, or absent; reading: borrowed from the buffer */
	struct slice alpn;
	struct slice kind;
};

/*
 * Read a header from the first len bytes. On PROXYHDR_OK *used is its length and *out is filled; on
 * any other result both are undefined. A TLV that runs past the header, or a header over
 * PROXYHDR_READ_MAX, is BAD. Pure.
 */
enum proxyhdr_result proxyhdr_read(const uint8_t *buf, size_t len,
    struct proxyhdr *out, size_t *used);

/*
 * Write the header h as version 1 or 2; returns its length. Without both addresses (same family,
 * v4 or v6) it is "PROXY UNKNOWN" or LOCAL, which carries the TLVs all the same. Version 1 drops
 * the TLVs. Mixed v4 and v6 ends are both written as v6. authority and alpn are at most 255
 * bytes, kind at most 16. Pure.
 */
size_t proxyhdr_write(const struct proxyhdr *h, enum proxyhdr_version version,
    uint8_t out[static PROXYHDR_MAX]);

#endif
