/* SPDX-License-Identifier: ISC */
/* What lib/tls.c (a connection) and tls_context.c (what all have in common) alone share. */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "tls.h"

/* Sent under one key, then a new one: AES-GCM is good for 2^24.5 of them (RFC 8446 5.5). */
#define TLS_KEY_RECORDS (1u << 23)

#define TLS_NO_ALPN "no common ALPN protocol"	/* a reason, found out at three places */

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *bio;
	X509 *cert;
	enum tls_side side;
	uint8_t *out;		/* owned, OUT_SIZE bytes when needed: what this call has to send */
	size_t out_at, out_len;	/* bytes of it sent, and gathered */
};

struct tls {
	SSL *ssl;		/* owned */
	struct tls_context *ctx;
	int fd;
	int recv_error, send_error;	/* errno of a broken connection */
	enum tls_result over;	/* TLS_OK: it goes on; else the result of every further read */
	bool hello;		/* a client's has come */
	bool done;		/* the handshake is */
	bool eof;		/* the socket's */
	bool drained;		/* the last read saw the socket empty */
	bool full;		/* the socket had no room in this call */
	bool pending_whole;	/* pending is a buffer of the context's */
	uint8_t *pending;	/* owned: ciphertext the socket had no room for */
	size_t pending_at, pending_len;
	unsigned key_records;	/* sent under this key; data only, at most one a write too many */
	size_t answers;		/* bytes added to pending that no caller of ours sent */
	size_t received;	/* bytes before the handshake was done */
	unsigned messages;	/* handshake messages since the last data */
	unsigned unpaid;	/* the same in all, less those paid for by data */
	size_t paid;		/* bytes of data towards the next paid one */
	const char *said;	/* our own reason, better than OpenSSL's */
	tls_judge *judge;	/* NULL: any key will do for the handshake */
	void *judge_arg;
	char id[IDENTITY_ID_SIZE];
	char why[TLS_WHY_MAX];
};

/* ---- tls.c ---- */

/* How OpenSSL reaches the socket of a struct tls, the BIO's data. NULL when out of memory. */
BIO_METHOD *tls_bio_method(void);

/* ---- tls_context.c ---- */

/* Whether the server chose our protocol: one that chose none is some other server. */
bool tls_alpn_agreed(const struct tls *t);

#endif
