/* SPDX-License-Identifier: ISC */
/*
 * The TLS ClientHello: bytes a client sent -> a verdict,
 * the name it asks for, its ALPN protocols.
 */
#ifndef HELLO_H
#define HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define HELLO_DEFAULT_MAX 16384u	/* bytes of handshake message, its 4-byte header included */
#define HELLO_ABSOLUTE_MAX 65536u	/* upper bound of any option */

enum hello_verdict {
	HELLO_MORE,		/* a prefix of a ClientHello: get more bytes, call again */
	HELLO_OK,		/* a whole ClientHello that names a host */
	HELLO_NO_SNI,		/* a whole ClientHello that names none */
	HELLO_NOT_TLS,		/* does not begin with 16 03 */
	HELLO_TOO_BIG,		/* the handshake message is longer than the limit */
	HELLO_MALFORMED,	/* lengths that contradict each other, a record over 16384, ... */
	HELLO_TIMEOUT,		/* set by the caller: the deadline came first */
	HELLO_EOF,		/* set by the caller: the client's end came first */
	HELLO_NONE		/* set by the caller: no hello was looked for */
};

/*
 * Progress through one connection's hello. Zero it, set max; hello_parse() fills the rest. The
 * fields under "answers" are valid once the verdict is HELLO_OK or HELLO_NO_SNI.
 */
struct hello {
	uint32_t max;		/* limit of the message in bytes, at most HELLO_ABSOLUTE_MAX */
	uint32_t next;		/* where the next record header begins */
	uint32_t have;		/* handshake bytes in the whole records before it */
	uint8_t empty_records;
	uint8_t records;	/* saturates; 1 with an answer: the message is contiguous in buf */
	uint8_t head[6];	/* first bytes of the message: type, length, legacy_version */

	/* ---- answers ---- */
	uint32_t end;		/* first byte of buf after the record that ends the hello; beyond
				   len when that record has more after the message, which we
				   don't wait for */
	uint16_t version;	/* for alerts, with any verdict: legacy_version, 0x0300 to 0x0303;
				   before that is known, the first record's; before that, 0 */
	struct slice name;	/* host_name as sent, NOT validated (see host_normalize()); absent
				   without SNI */
	struct slice alpn;	/* ProtocolNameList as on the wire, its lengths checked; absent
				   without ALPN */
};

/*
 * Look at the first len bytes a client sent. At each call buf must hold everything from the first
 * byte on (it may move between calls); work is linear in len over all calls together.
 * RFC 8446 4.1.2, 5.1; RFC 6066 3; RFC 7301 3.1.
 *
 * scratch has room for h->max bytes and is used only when the message spans records; the answer's
 * slices point into buf or scratch and live as long as those stay unchanged.
 *
 * Lengths inside the message are judged when all of it is there; a record over 16384 bytes, a
 * message over the limit, anything that is not a handshake record or not a client_hello, and a few
 * empty records are refused at once. Pure: no I/O, no allocation.
 */
enum hello_verdict hello_parse(struct hello *h, const uint8_t *buf, size_t len, uint8_t *scratch);

/*
 * After HELLO_MORE with len bytes: at least how many bytes, counted from the first, must be there
 * before another call can return anything else. Always more than len.
 */
size_t hello_wants(const struct hello *h, const uint8_t *buf, size_t len);

/*
 * The same as a bound from the message's side alone: at least how many bytes beyond len complete
 * the message. An earlier verdict (a bad record on the way) is not considered. Pure.
 */
size_t hello_rest(const struct hello *h, size_t len);

/* Walk an ALPN list: the next protocol, or an absent slice at the end. *list is advanced. */
struct slice hello_alpn_next(struct slice *list);

/*
 * The verdict's word, the same in logs, metrics and --explain: "ok", "no-sni", "not-tls",
 * "too-big", "malformed", "timeout", "eof"; "-" for HELLO_NONE, "more" for HELLO_MORE. Static.
 */
const char *hello_word(enum hello_verdict v);

#define HELLO_ALERT_LEN 7

/* The TLS alert descriptions (RFC 8446 6) we refuse with. */
enum hello_alert {
	ALERT_HANDSHAKE_FAILURE = 40,	/* no TLS is available here */
	ALERT_ACCESS_DENIED = 49,
	ALERT_DECODE_ERROR = 50,
	ALERT_INTERNAL_ERROR = 80,
	ALERT_UNRECOGNIZED_NAME = 112
};

/* A fatal alert record in the given version (0x0301 when 0). */
void hello_alert(enum hello_alert what, uint16_t version, uint8_t out[static HELLO_ALERT_LEN]);

#endif
