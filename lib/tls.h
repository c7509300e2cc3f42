/* SPDX-License-Identifier: ISC */
/*
 * TLS 1.3 between two parties that know each other by key: self-signed certificates
 * made in memory, checked by the id of their key and by nothing else (no names, no
 * dates, no issuers). Based on OpenSSL.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity.h"

#define TLS_ALPN "tun/1"
#define TLS_RECORD_MAX 16384u		/* bytes of plaintext in one record */
#define TLS_HANDSHAKE_MAX 16384u	/* bytes a peer may send before it is authenticated */
#define TLS_WHY_MAX 256u

enum tls_side { TLS_CLIENT, TLS_SERVER };

/* What the connections of one process share: our key and certificate, settings, buffers. */
struct tls_context;

/* me is borrowed. NULL with the reason. */
struct tls_context *tls_context_new(enum tls_side side, const struct identity *me,
    char why[static TLS_WHY_MAX]);
void tls_context_free(struct tls_context *ctx);

/* One connection. */
struct tls;

/*
 * Over the connected non-blocking socket fd, which stays the caller's. sni (client): the name to
 * ask for, NULL: none. NULL when out of memory.
 */
struct tls *tls_new(struct tls_context *ctx, int fd, const char *sni);

/*
 * Called as soon as the peer's id is known: for a client, before anything is sent that reveals
 * who we are. Returns NULL: it is welcome; else why not, which lives as long as t: the
 * handshake then ends as TLS_BAD.
 */
typedef const char *tls_judge(void *arg, const char *id);
void tls_expect(struct tls *t, tls_judge *judge, void *arg);

/* Frees; sends nothing (tls_goodbye()). NULL is fine. */
void tls_drop(struct tls *t);

enum tls_result {
	TLS_OK,
	TLS_AGAIN,	/* the socket has no bytes, or no room: come back when it has */
	TLS_EOF,	/* the peer ended in order (close_notify) */
	TLS_CUT,	/* the connection ended or broke without that: errno, 0: end of file */
	TLS_BAD,	/* a party that does not speak our TLS, or refuses us: tls_why() */
	TLS_NO_MEMORY	/* we have none to go on with */
};

/*
 * Go on with the handshake: TLS 1.3, mutual, ALPN tun/1. TLS_OK: it is done and tls_peer_id()
 * is known; whether that party is welcome is for the caller to decide, then or by tls_expect().
 * On the server's side nothing is trusted before that; on the client's side the server may
 * still refuse us: that is TLS_BAD from a later read. Costs a few hundred microseconds of CPU
 * once the peer's flight is there.
 */
enum tls_result tls_handshake(struct tls *t);

/* The id of the peer's key, once the handshake is done. Lives as long as t. */
const char *tls_peer_id(const struct tls *t);

/*
 * Up to size bytes that came, *n of them; TLS_OK with *n > 0, else *n is 0. Takes in as many
 * whole records as fit and are there: AGAIN means that the socket is empty. After OK there
 * may be more, for which no new edge will come: call again, in this turn or a later one.
 * size is at least TLS_RECORD_MAX.
 */
enum tls_result tls_read(struct tls *t, uint8_t *buf, size_t size, size_t *n);

/*
 * Whether the last tls_read() saw the socket empty: then, even after OK, another call would find
 * nothing until a new edge comes.
 */
bool tls_drained(const struct tls *t);

/*
 * Send len bytes: they are encrypted now and leave by as few system calls as possible; what the
 * socket has no room for is kept (tls_pending()). While anything is pending, call only tls_flush(),
 * when the socket is writable. len is at most 1 MiB. TLS_OK, or AGAIN: all was taken, but some is
 * pending; CUT, BAD or NO_MEMORY otherwise.
 */
enum tls_result tls_write(struct tls *t, const uint8_t *buf, size_t len);
enum tls_result tls_flush(struct tls *t);
size_t tls_pending(const struct tls *t);

/* Send our end of the session (close_notify), as far as the socket has room. */
void tls_goodbye(struct tls *t);

/* Why it was TLS_BAD, TLS_CUT or TLS_NO_MEMORY, for the log. Never contains a secret. */
const char *tls_why(const struct tls *t);

#endif
