/* SPDX-License-Identifier: ISC */
/*
 * HTTP/1: request and response heads, header fields, body framing.
 * As strict as RFC 9112 allows a server to be, but for the ends of lines in answers.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define HTTP1_HEAD_MAX 16384u		/* bytes of a request head, its empty line included */
#define HTTP1_TARGET_MAX 8192u		/* bytes of a request target */
#define HTTP1_METHOD_MAX 32u		/* bytes of a method */
#define HTTP1_RESPONSE_MAX 32768u	/* bytes of a response head */
#define HTTP1_FIELDS_MAX 256u		/* header fields of one message */
#define HTTP1_OPTIONS_MAX 32u		/* words in a message's Connection fields */
#define HTTP1_TRAILER_MAX 8192u		/* bytes of a trailer section, its empty line included */

enum http1_result {
	HTTP1_MORE,		/* a prefix of a head: get more bytes, call again */
	HTTP1_OK,
	HTTP1_BAD,		/* 400: breaks the rules */
	HTTP1_CONNECT,		/* 405: asks for a tunnel to anywhere */
	HTTP1_TARGET_LONG,	/* 414: target over HTTP1_TARGET_MAX */
	HTTP1_HEAD_LONG,	/* 431: head over HTTP1_HEAD_MAX, or too many fields */
	HTTP1_CODING,		/* 501: a transfer coding other than chunked */
	HTTP1_VERSION,		/* 505: not HTTP/1, the HTTP/2 preface included */
	HTTP1_TLS		/* begins like a TLS record */
};

/* The status to refuse a request with; 0 for HTTP1_MORE, HTTP1_OK and HTTP1_TLS. */
unsigned http1_status(enum http1_result r);

enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH,
	HTTP1_CHUNKED,
	HTTP1_TO_CLOSE		/* responses only: the body ends with the connection */
};

/* Fields a proxy has to deal with. */
enum http1_name {
	HTTP1_OTHER,
	HTTP1_N_CONNECTION,
	HTTP1_N_CONTENT_LENGTH,
	HTTP1_N_EXPECT,
	HTTP1_N_FORWARDED,
	HTTP1_N_HOST,
	HTTP1_N_KEEP_ALIVE,
	HTTP1_N_PROXY_CONNECTION,
	HTTP1_N_TE,
	HTTP1_N_TRANSFER_ENCODING,
	HTTP1_N_UPGRADE,
	HTTP1_N_X_FORWARDED_FOR,
	HTTP1_N_X_FORWARDED_HOST,
	HTTP1_N_X_FORWARDED_PROTO
};

struct http1_field {
	struct slice name;	/* as sent, at least one byte */
	struct slice value;	/* without blanks around it; may be empty */
	enum http1_name known;
};

/* How far the search for the end of a head has come. Zero it for each head. */
struct http1_scan {
	uint32_t at;		/* bytes looked at */
	uint32_t line;		/* where the current line begins */
};

/* What both kinds of heads say. Slices are borrowed from the bytes parsed. */
struct http1_message {
	size_t size;		/* bytes of the head */
	uint8_t minor;		/* version 1.minor, 0 or 1 (anything higher is 1) */
	struct slice fields;	/* the header section, for http1_next_field() */
	enum http1_framing framing;
	uint64_t length;	/* HTTP1_LENGTH: bytes of body; a response without one: what it
				   states all the same */
	bool keep_alive;	/* the sender is willing to go on after this message */
	bool upgrade;		/* there is an Upgrade and Connection names it (version 1.1 only) */
	bool expects;		/* there is an Expect (version 1.1 only): its sender may leave the
				   body out unless it gets a 100 */
	unsigned named_count;	/* of named */
	struct slice named[HTTP1_OPTIONS_MAX];	/* what Connection says besides close, keep-alive,
						   te and upgrade: fields */
};

struct http1_request {
	struct slice method;
	struct slice target;	/* as sent */
	struct slice path;	/* from the first '/' on, query included; "*"; without a leading '/'
				   ("?a=b", "") when an absolute target had no path */
	struct slice authority;	/* of an absolute target, else Host: HOST[:PORT]; absent without
				   either (HTTP/1.0) */
	struct slice host;	/* authority without its port; a v6 address keeps its brackets */
	bool is_head;
	bool is_safe;		/* GET, HEAD, OPTIONS, TRACE (RFC 9110 9.2.1) */
	struct http1_message msg;
};

struct http1_response {
	unsigned status;	/* 100 to 999: to be taken for a 5xx from 600 on (RFC 9110 15) */
	struct slice reason;
	struct http1_message msg;
};

/*
 * Look at the first len bytes a client sent, all of which must still be there at each call
 * (they may move); scan is kept between calls, so that work is linear in len. Empty lines before
 * the request (RFC 9112 2.2) are the caller's to skip. On HTTP1_OK *out is filled; on any other
 * result it is undefined. Pure.
 */
enum http1_result http1_request(struct http1_scan *scan, const char *buf, size_t len,
    struct http1_request *out);

/*
 * The same for a server's response (to_head: to a HEAD, so it has no body). Only HTTP1_MORE,
 * HTTP1_OK and HTTP1_BAD. Pure.
 */
enum http1_result http1_response(struct http1_scan *scan, const char *buf, size_t len, bool to_head,
    struct http1_response *out);

/*
 * The same for a proxy's response to CONNECT: what its fields say of a body has to be ignored
 * (RFC 9110 9.3.6), and msg has only its size, version and fields.
 */
enum http1_result http1_response_to_connect(struct http1_scan *scan, const char *buf, size_t len,
    struct http1_response *out);

/*
 * Walk the fields of a message, or of a trailer section, in order: false after the last.
 * *fields is advanced.
 */
bool http1_next_field(struct slice *fields, struct http1_field *out);

/* Whether a comma-separated list has word among its members; case does not matter. */
bool http1_list_has(struct slice list, const char *word);

/*
 * Whether a Connection field of the message names the field:
 * it must then not be passed on (RFC 9110 7.6.1).
 */
bool http1_is_named(const struct http1_message *m, struct slice name);

/* ---- chunked bodies (RFC 9112 7.1) ---- */

/* Progress through one chunked body. Zero it, but for padded. */
struct http1_chunked {
	uint64_t left;		/* bytes of this chunk's data still to come */
	uint16_t line;		/* bytes of this size line so far */
	uint8_t state;		/* http1_chunked.c's */
	bool padded;		/* blanks may fill up a size line, as those of old servers do */
	struct http1_scan scan;	/* of the trailer section */
};

enum http1_chunk_result {
	HTTP1_CHUNK_MORE,	/* all bytes are used up; the body goes on */
	HTTP1_CHUNK_TRAILER,	/* the last chunk was read: the trailer section begins after
				   what was used */
	HTTP1_CHUNK_BAD
};

/*
 * Decode in place: of the len bytes at buf *used are consumed, and their payload is left in the
 * first *data bytes of buf. Extensions are dropped. After HTTP1_CHUNK_TRAILER call
 * http1_trailer(). Pure.
 */
enum http1_chunk_result http1_dechunk(struct http1_chunked *c, char *buf, size_t len,
    size_t *used, size_t *data);

/*
 * The trailer section at buf, from its first byte at each call. On HTTP1_OK *fields are its fields
 * (possibly none, all well-formed) and *used its size. HTTP1_MORE, HTTP1_OK, HTTP1_BAD. Pure.
 */
enum http1_result http1_trailer(struct http1_chunked *c, const char *buf, size_t len,
    struct slice *fields, size_t *used);

/*
 * Whether a trailer field may be passed on:
 * not one for framing, routing or the connection (RFC 9110 6.5.1).
 */
bool http1_trailer_allowed(const struct http1_field *f);

#endif
