/* SPDX-License-Identifier: ISC */
/* The PROXY protocol, versions 1 and 2, both ways (haproxy.org, proxy-protocol.txt). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "num.h"
#include "proxyhdr.h"
#include "take.h"

#define V1_SIGNATURE "PROXY "
#define V1_SIGNATURE_LEN 6
#define V2_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2_SIGNATURE_LEN 12
#define V2_FIXED_LEN 16			/* signature, version and command, family, length */
#define V2_LOCAL 0x20
#define V2_PROXY 0x21
#define V2_UNSPEC 0x00
#define V2_TCP4 0x11
#define V2_TCP6 0x21
#define V2_UNIX_STREAM 0x31
#define V2_UNIX_ADDRESSES_LEN 216	/* two paths of 108 bytes */
#define TLV_TEXT_MAX 255		/* bytes of an authority or ALPN value we write */
#define TLV_KIND_MAX 16

/* ---- reading version 1 ---- */

/* A field up to the next single space; the last one has none after it. */
static bool
v1_field(struct slice *line, bool last, struct slice *out)
{
	*out = slice_cut(line, ' ');
	return out->len > 0 && (line->p == NULL) == last;
}

static bool
v1_ip(struct slice text, bool v6, struct endpoint *out)
{
	bool has_colon = memchr(text.p, ':', text.len) != NULL;

	return has_colon == v6 && text.p[0] != '[' && endpoint_parse_ip(text, out);
}

static bool
v1_port(struct slice text, struct endpoint *out)
{
	uint64_t port;

	if ((text.len > 1 && text.p[0] == '0') || !num_parse(text, 0, UINT16_MAX, &port))
		return false;
	out->port = (uint16_t)port;
	return true;
}

/* line: what is between "PROXY " and CRLF. */
static bool
v1_line(struct slice line, struct proxyhdr *out)
{
	struct slice family, src, dst, src_port, dst_port;

	family = slice_cut(&line, ' ');
	if (slice_is(family, "UNKNOWN"))
		return true;	/* whatever follows is to be ignored */
	if (!slice_is(family, "TCP4") && !slice_is(family, "TCP6"))
		return false;
	bool v6 = family.p[3] == '6';

	return v1_field(&line, false, &src) && v1_field(&line, false, &dst) &&
	    v1_field(&line, false, &src_port) && v1_field(&line, true, &dst_port) &&
	    v1_ip(src, v6, &out->src) && v1_ip(dst, v6, &out->dst) &&
	    v1_port(src_port, &out->src) && v1_port(dst_port, &out->dst);
}

static enum proxyhdr_result
v1_read(const uint8_t *buf, size_t len, struct proxyhdr *out, size_t *used)
{
	size_t limit = len < PROXYHDR_V1_MAX ? len : PROXYHDR_V1_MAX;
	const uint8_t *crlf = memmem(buf, limit, "\r\n", 2);

	if (crlf == NULL)
		return len < PROXYHDR_V1_MAX ? PROXYHDR_MORE : PROXYHDR_BAD;
	*used = (size_t)(crlf - buf) + 2;
	struct slice line = slice_of((const char *)buf, (size_t)(crlf - buf));

	return v1_line(slice_skip(line, V1_SIGNATURE_LEN), out) ? PROXYHDR_OK : PROXYHDR_BAD;
}

/* ---- reading version 2 ---- */

static bool
v2_ip(struct slice *block, bool v6, struct endpoint *out)
{
	struct slice ip;

	if (!take_bytes(block, v6 ? 16 : 4, &ip))
		return false;
	if (v6)
		endpoint_set_v6(out, ip.p);
	else
		endpoint_set_v4(out, ip.p);
	return true;
}

static bool
v2_port(struct slice *block, struct endpoint *out)
{
	uint32_t port;

	if (!take_uint(block, 2, &port))
		return false;
	out->port = (uint16_t)port;
	return true;
}

/* Take the address block; false when it is too short, or of a family no TCP connection has. */
static bool
v2_addresses(struct slice *block, unsigned family, struct proxyhdr *out)
{
	struct slice ignored;
	bool v6 = family == V2_TCP6;

	switch (family) {
	case V2_UNSPEC:
		return true;
	case V2_UNIX_STREAM:
		return take_bytes(block, V2_UNIX_ADDRESSES_LEN, &ignored);
	case V2_TCP4:
	case V2_TCP6:
		return v2_ip(block, v6, &out->src) && v2_ip(block, v6, &out->dst) &&
		    v2_port(block, &out->src) && v2_port(block, &out->dst);
	default:
		return false;
	}
}

/* The first TLV of a type counts; types we don't know are skipped. */
static void
keep_tlv(struct proxyhdr *out, uint32_t type, struct slice value)
{
	struct slice *to = type == PROXYHDR_TLV_ALPN ? &out->alpn :
	    type == PROXYHDR_TLV_AUTHORITY ? &out->authority :
	    type == PROXYHDR_TLV_KIND ? &out->kind : NULL;

	if (to != NULL && to->p == NULL)
		*to = value;
}

static bool
v2_tlvs(struct slice block, struct proxyhdr *out)
{
	struct slice value;
	uint32_t type;

	while (block.len > 0) {
		if (!take_uint(&block, 1, &type) || !take_vec(&block, 2, &value))
			return false;
		keep_tlv(out, type, value);
	}
	return true;
}

/*
 * LOCAL: the receiver must accept it and discard the block, whatever is in it (2.2). TLVs are
 * still looked for, in the only place they can be with no addresses before them, because our
 * own senders put the name there.
 */
static void
v2_local(struct slice block, unsigned family, struct proxyhdr *out)
{
	if (family != V2_UNSPEC || !v2_tlvs(block, out))
		memset(out, 0, sizeof(*out));
}

static enum proxyhdr_result
v2_block(struct slice block, unsigned command, unsigned family, struct proxyhdr *out)
{
	if (command == V2_LOCAL) {
		v2_local(block, family, out);
		return PROXYHDR_OK;
	}
	return v2_addresses(&block, family, out) && v2_tlvs(block, out) ?
	    PROXYHDR_OK : PROXYHDR_BAD;
}

static enum proxyhdr_result
v2_read(const uint8_t *buf, size_t len, struct proxyhdr *out, size_t *used)
{
	struct slice cursor = slice_of((const char *)buf, len), block;
	uint32_t command, family, block_len;

	cursor = slice_skip(cursor, V2_SIGNATURE_LEN);
	if (!take_uint(&cursor, 1, &command))
		return PROXYHDR_MORE;
	if (command != V2_LOCAL && command != V2_PROXY)
		return PROXYHDR_BAD;
	if (!take_uint(&cursor, 1, &family) || !take_uint(&cursor, 2, &block_len))
		return PROXYHDR_MORE;
	if (V2_FIXED_LEN + block_len > PROXYHDR_READ_MAX)
		return PROXYHDR_BAD;
	if (!take_bytes(&cursor, block_len, &block))
		return PROXYHDR_MORE;
	*used = V2_FIXED_LEN + block_len;
	return v2_block(block, command, family, out);
}

/* ---- reading ---- */

/* Whether buf begins with the signature, or is the beginning of it. */
static bool
could_be(const uint8_t *buf, size_t len, const char *signature, size_t signature_len)
{
	return memcmp(buf, signature, len < signature_len ? len : signature_len) == 0;
}

enum proxyhdr_result
proxyhdr_read(const uint8_t *buf, size_t len, struct proxyhdr *out, size_t *used)
{
	memset(out, 0, sizeof(*out));	/* family AF_UNSPEC, no TLVs */
	if (len == 0)
		return PROXYHDR_MORE;
	if (could_be(buf, len, V1_SIGNATURE, V1_SIGNATURE_LEN))
		return len < V1_SIGNATURE_LEN ? PROXYHDR_MORE : v1_read(buf, len, out, used);
	if (could_be(buf, len, V2_SIGNATURE, V2_SIGNATURE_LEN))
		return len < V2_SIGNATURE_LEN ? PROXYHDR_MORE : v2_read(buf, len, out, used);
	return PROXYHDR_ABSENT;
}

/* ---- writing ---- */

static bool
both_known(const struct proxyhdr *h)
{
	return endpoint_is_ip(&h->src) && endpoint_is_ip(&h->dst);
}

static bool
both_v4(const struct proxyhdr *h)
{
	return h->src.family == AF_INET && h->dst.family == AF_INET;
}

static size_t
v1_write(const struct proxyhdr *h, uint8_t *out)
{
	bool v4 = both_v4(h);
	size_t skip = v4 ? ENDPOINT_V4_AT : 0;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int n;

	if (both_known(h)) {
		inet_ntop(v4 ? AF_INET : AF_INET6, h->src.ip + skip, src, sizeof(src));
		inet_ntop(v4 ? AF_INET : AF_INET6, h->dst.ip + skip, dst, sizeof(dst));
		n = snprintf((char *)out, PROXYHDR_MAX, "PROXY %s %s %s %u %u\r\n",
		    v4 ? "TCP4" : "TCP6", src, dst, h->src.port, h->dst.port);
	} else {
		n = snprintf((char *)out, PROXYHDR_MAX, "PROXY UNKNOWN\r\n");
	}
	return (size_t)n;
}

static uint8_t *
put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *
put_u16(uint8_t *at, size_t n)
{
	*at++ = (uint8_t)(n >> 8);
	*at++ = (uint8_t)n;
	return at;
}

/* Nothing for an absent value, or one over its limit: a name cut short would be another name. */
static uint8_t *
put_tlv(uint8_t *at, uint8_t type, struct slice value, size_t max)
{
	if (value.p == NULL || value.len > max)
		return at;
	*at++ = type;
	at = put_u16(at, value.len);
	return put(at, value.p, value.len);
}

static uint8_t *
put_addresses(uint8_t *at, const struct proxyhdr *h)
{
	size_t skip = both_v4(h) ? ENDPOINT_V4_AT : 0;

	if (!both_known(h))
		return at;
	at = put(at, h->src.ip + skip, sizeof(h->src.ip) - skip);
	at = put(at, h->dst.ip + skip, sizeof(h->dst.ip) - skip);
	at = put_u16(at, h->src.port);
	return put_u16(at, h->dst.port);
}

static size_t
v2_write(const struct proxyhdr *h, uint8_t *out)
{
	uint8_t *length, *block, *end;

	end = put(out, V2_SIGNATURE, V2_SIGNATURE_LEN);
	*end++ = both_known(h) ? V2_PROXY : V2_LOCAL;
	*end++ = !both_known(h) ? V2_UNSPEC : both_v4(h) ? V2_TCP4 : V2_TCP6;
	length = end;
	block = end = length + 2;

	end = put_addresses(end, h);
	end = put_tlv(end, PROXYHDR_TLV_ALPN, h->alpn, TLV_TEXT_MAX);
	end = put_tlv(end, PROXYHDR_TLV_AUTHORITY, h->authority, TLV_TEXT_MAX);
	end = put_tlv(end, PROXYHDR_TLV_KIND, h->kind, TLV_KIND_MAX);
	put_u16(length, (size_t)(end - block));
	return (size_t)(end - out);
}

size_t
proxyhdr_write(const struct proxyhdr *h, enum proxyhdr_version version,
    uint8_t out[static PROXYHDR_MAX])
{
	switch (version) {
	case PROXYHDR_NONE:
		return 0;
	case PROXYHDR_V1:
		return v1_write(h, out);
	case PROXYHDR_V2:
		return v2_write(h, out);
	}
	return 0;
}
