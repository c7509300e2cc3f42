/* SPDX-License-Identifier: ISC */
/*
 * One connection. OpenSSL works over a BIO of our own: what one of our calls makes it send is
 * gathered in one buffer per process.
 *
 * Nothing is left waiting: tls_read() reports the socket empty only when recv() told OpenSSL
 * so, and that asks for bytes only when what it read ahead holds no whole record any more; the
 * next byte makes a new edge. Otherwise the caller's buffer is full, or the turn's limit
 * reached: that is TLS_OK, and the caller calls again. No record is taken in part, since there
 * is room for a whole one each time.
 */
#include "tls_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>

#define SEND_AT 49152u		/* a TCP piece (64 KiB) less a record; more costs a fifth more */
#define CHUNK (16u * TLS_RECORD_MAX)	/* bytes of plaintext encrypted before we try the socket */
#define RECORD_OVERHEAD 64u	/* bytes of a record's header, type, tag; generous */
#define OUT_SIZE (CHUNK + 16u * RECORD_OVERHEAD + 8192u)	/* a chunk's records and a flight */
#define HAND_OVER 32768u	/* bytes left over that are worth a buffer of that size */
#define READ_RECORDS 64u	/* records of one tls_read(): small ones must not hold up others */
#define MESSAGE_RECORDS 8u	/* a handshake message (a key update) costs about as many of them */
#define ANSWERS_MAX 65536u	/* bytes of answers to them that wait for a peer not reading */
#define IDLE_MESSAGES 32u	/* key updates and such, no data in between: more is an attack */
#define MESSAGES_MAX 256u	/* of them in all, plus one for every MESSAGE_BYTES of data */
#define MESSAGE_BYTES 4096u

/* ---- sending ---- */

size_t
tls_pending(const struct tls *t)
{
	return t->pending_len - t->pending_at;
}

/* Add to what the socket did not take before. */
static bool
keep(struct tls *t, const uint8_t *bytes, size_t len)
{
	size_t have = tls_pending(t);
	uint8_t *all = malloc(have + len);

	if (all == NULL)
		return false;
	if (have > 0)
		memcpy(all, t->pending + t->pending_at, have);
	memcpy(all + have, bytes, len);
	free(t->pending);
	t->pending = all;
	t->pending_at = 0;
	t->pending_len = have + len;
	t->pending_whole = false;
	return true;
}

/* Give the connection the buffer itself rather than a copy. */
static void
hand_over(struct tls_context *ctx, struct tls *t)
{
	t->pending = ctx->out;
	t->pending_at = ctx->out_at;
	t->pending_len = ctx->out_len;
	t->pending_whole = true;
	ctx->out = NULL;
}

/*
 * Everything pending went; a buffer that was handed over goes back, so that a single busy
 * connection never allocates a new one.
 */
static void
drop_pending(struct tls *t)
{
	if (t->pending_whole && t->ctx->out == NULL)
		t->ctx->out = t->pending;
	else
		free(t->pending);
	t->pending = NULL;
	t->pending_at = t->pending_len = t->answers = 0;
}

/* How many of the bytes the socket took; a broken one shows in t->send_error. */
static size_t
send_some(struct tls *t, const uint8_t *bytes, size_t len)
{
	size_t sent = 0;

	t->full = false;
	while (sent < len && !t->full && t->send_error == 0) {
		ssize_t n = send(t->fd, bytes + sent, len - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			t->full = true;
		else if (errno != EINTR)
			t->send_error = errno;
	}
	return sent;
}

/* Send what was gathered, as far as the socket takes it. */
static void
send_gathered(struct tls *t)
{
	struct tls_context *ctx = t->ctx;

	if (tls_pending(t) > 0 || t->full)
		return;
	ctx->out_at += send_some(t, ctx->out + ctx->out_at, ctx->out_len - ctx->out_at);
	if (ctx->out_at == ctx->out_len)
		ctx->out_at = ctx->out_len = 0;
}

/* The end of a call: what was gathered is sent or kept. */
static void
leave(struct tls *t)
{
	struct tls_context *ctx = t->ctx;
	size_t left;

	if (ctx->out_len == 0)
		return;
	send_gathered(t);
	left = t->send_error != 0 ? 0 : ctx->out_len - ctx->out_at;
	if (left >= HAND_OVER && tls_pending(t) == 0)
		hand_over(ctx, t);
	else if (left > 0 && !keep(t, ctx->out + ctx->out_at, left))
		t->send_error = ENOMEM;
	ctx->out_at = ctx->out_len = 0;
}

/* ---- OpenSSL's view of the socket ---- */

static int
bio_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
	struct tls *t = BIO_get_data(bio);
	struct tls_context *ctx = t->ctx;

	if (len > OUT_SIZE - ctx->out_len)
		leave(t);
	if (ctx->out == NULL && (ctx->out = malloc(OUT_SIZE)) == NULL) {
		t->send_error = ENOMEM;
		return 0;
	}
	memcpy(ctx->out + ctx->out_len, bytes, len);	/* a record or flight is far smaller */
	ctx->out_len += len;
	*written = len;
	if (ctx->out_len - ctx->out_at >= SEND_AT)
		send_gathered(t);
	return 1;
}

/*
 * Whether to end with a peer for which size more bytes are wanted. OpenSSL works through any number
 * of key updates, for instance, without returning to us, but asks for bytes between them.
 */
static bool
goes_too_far(struct tls *t, size_t size)
{
	if (!t->done && t->received + size > TLS_HANDSHAKE_MAX)
		t->said = "too many bytes before the end of the handshake";
	else if (t->messages > IDLE_MESSAGES)
		t->said = "too many messages without data";
	else if (t->unpaid > MESSAGES_MAX)
		t->said = "too many messages for so little data";
	else if (t->answers > ANSWERS_MAX)
		t->said = "too many key updates unread";
	else
		return false;
	return true;
}

static int
bio_read(BIO *bio, char *bytes, size_t size, size_t *got)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n;

	*got = 0;
	BIO_clear_retry_flags(bio);
	if (goes_too_far(t, size))
		return 0;
	do
		n = recv(t->fd, bytes, size, 0);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		t->received += t->done ? 0 : (size_t)n;
		*got = (size_t)n;
		return 1;
	}
	if (n == 0)
		t->eof = true;
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		BIO_set_retry_read(bio);
	else
		t->recv_error = errno;
	return 0;
}

static long
bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)number;
	(void)pointer;
	if (what == BIO_CTRL_EOF)
		return ((struct tls *)BIO_get_data(bio))->eof;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls");

	if (m != NULL && BIO_meth_set_write_ex(m, bio_write) == 1 &&
	    BIO_meth_set_read_ex(m, bio_read) == 1 && BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- the life of a connection ---- */

static bool
make_ssl(struct tls *t, const char *sni)
{
	BIO *bio;

	t->ssl = SSL_new(t->ctx->ssl);
	bio = t->ssl == NULL ? NULL : BIO_new(t->ctx->bio);
	if (bio == NULL)
		return false;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);	/* takes over */
	if (SSL_set_app_data(t->ssl, t) != 1)	/* all callbacks rely on it */
		return false;
	if (t->ctx->side == TLS_SERVER)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	return sni == NULL || SSL_set_tlsext_host_name(t->ssl, sni) == 1;
}

struct tls *
tls_new(struct tls_context *ctx, int fd, const char *sni)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->ctx = ctx;
	t->fd = fd;
	ERR_clear_error();
	if (make_ssl(t, sni))
		return t;
	tls_drop(t);
	return NULL;
}

void
tls_expect(struct tls *t, tls_judge *judge, void *arg)
{
	t->judge = judge;
	t->judge_arg = arg;
}

void
tls_drop(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	ERR_clear_error();
	free(t->pending);
	free(t);
}

/* ---- how it went ---- */

/* Words for OpenSSL's reason; room is for those that have to be put together. */
static const char *
explain(const struct tls *t, unsigned long code, char room[static TLS_WHY_MAX])
{
	int reason = ERR_GET_REASON(code);
	const char *text = ERR_reason_error_string(code);

	if (t->said != NULL)
		return t->said;
	if (t->ctx->side == TLS_SERVER && !t->hello)
		return "no TLS 1.3 hello";
	if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_BAD_RECORD_TYPE || reason == SSL_R_HTTP_REQUEST)
		return t->done ? "bytes that are no TLS 1.3" : "no TLS 1.3 hello";
	if (reason <= SSL_AD_REASON_OFFSET || reason >= SSL_AD_REASON_OFFSET + 256)
		return text == NULL ? "TLS failed" : text;
	snprintf(room, TLS_WHY_MAX, "peer refused us: %s",
	    SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
	return room;
}

/* What every further read says again. */
static enum tls_result
over(const struct tls *t)
{
	errno = t->recv_error;
	return t->over;
}

static enum tls_result
end(struct tls *t, enum tls_result result, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s", why);
	t->over = result;
	return over(t);
}

/* Why OpenSSL's read did not succeed. */
static enum tls_result
failed(struct tls *t, int error)
{
	char room[TLS_WHY_MAX];

	if (error == SSL_ERROR_WANT_READ)
		return TLS_AGAIN;
	if (error == SSL_ERROR_ZERO_RETURN)
		return end(t, TLS_EOF, "the peer ended the session");
	if (t->eof)
		return end(t, TLS_CUT, "the connection ended without a word");
	if (t->recv_error != 0)
		return end(t, TLS_CUT, strerror(t->recv_error));
	if (t->send_error == ENOMEM || ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE)
		return end(t, TLS_NO_MEMORY, strerror(ENOMEM));
	return end(t, TLS_BAD, explain(t, ERR_peek_error(), room));
}

/* Sending failed: what the peer sent before may still be read. */
static enum tls_result
send_failed(struct tls *t)
{
	snprintf(t->why, sizeof(t->why), "%s", strerror(t->send_error));
	errno = t->send_error;
	return errno == ENOMEM ? TLS_NO_MEMORY : TLS_CUT;
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

const char *
tls_peer_id(const struct tls *t)
{
	return t->id;
}

/* ---- what the caller does ---- */

static enum tls_result
handshake_done(struct tls *t)
{
	if (!tls_alpn_agreed(t))
		return end(t, TLS_BAD, TLS_NO_ALPN);
	t->done = true;
	t->messages = t->unpaid = 0;
	/* not earlier: bytes after the handshake must not count against its limit */
	SSL_set_read_ahead(t->ssl, 1);
	return TLS_OK;
}

enum tls_result
tls_handshake(struct tls *t)
{
	enum tls_result result;
	int r;

	if (t->over != TLS_OK)
		return over(t);
	if (tls_pending(t) > 0 && (result = tls_flush(t)) >= TLS_CUT)
		return result;
	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	result = r == 1 ? handshake_done(t) : failed(t, SSL_get_error(t->ssl, r));
	ERR_clear_error();
	leave(t);
	return result;
}

static void
note_data(struct tls *t, size_t n)
{
	size_t more = (t->paid + n) / MESSAGE_BYTES;

	t->messages = 0;
	t->paid = (t->paid + n) % MESSAGE_BYTES;
	t->unpaid -= more < t->unpaid ? (unsigned)more : t->unpaid;
}

enum tls_result
tls_read(struct tls *t, uint8_t *buf, size_t size, size_t *n)
{
	enum tls_result result = TLS_OK;
	size_t got;

	*n = 0;
	if (t->over != TLS_OK)
		return over(t);
	ERR_clear_error();
	for (unsigned records = 0;
	    records < READ_RECORDS && size - *n >= TLS_RECORD_MAX && result == TLS_OK; ) {
		if (SSL_read_ex(t->ssl, buf + *n, size - *n, &got) == 1) {
			records += 1 + t->messages * MESSAGE_RECORDS;
			note_data(t, got);
			*n += got;
		} else {
			result = failed(t, SSL_get_error(t->ssl, 0));
		}
	}
	ERR_clear_error();
	if (tls_pending(t) > 0)
		t->answers += t->ctx->out_len;
	leave(t);
	t->drained = result == TLS_AGAIN;
	if (t->drained)
		SSL_free_buffers(t->ssl);
	return *n > 0 ? TLS_OK : result;
}

bool
tls_drained(const struct tls *t)
{
	return t->drained;
}

/* Sessions last for months. Told at once: until then OpenSSL would not even say goodbye. */
static void
renew_key_in_time(struct tls *t, size_t written)
{
	t->key_records += (unsigned)(written / TLS_RECORD_MAX) + 1;
	if (t->key_records < TLS_KEY_RECORDS)
		return;
	t->key_records = 0;
	if (SSL_key_update(t->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
		(void)SSL_do_handshake(t->ssl);
}

enum tls_result
tls_write(struct tls *t, const uint8_t *buf, size_t len)
{
	size_t written;

	ERR_clear_error();
	for (; len > 0 && t->send_error == 0; buf += written, len -= written) {
		bool taken = SSL_write_ex(t->ssl, buf, len < CHUNK ? len : CHUNK, &written) == 1;

		if (taken)
			renew_key_in_time(t, written);
		leave(t);	/* what a failure left there would go to the next connection */
		if (!taken)
			return failed(t, SSL_ERROR_SSL);
	}
	return t->send_error != 0 ? send_failed(t) : tls_pending(t) > 0 ? TLS_AGAIN : TLS_OK;
}

enum tls_result
tls_flush(struct tls *t)
{
	if (tls_pending(t) > 0)
		t->pending_at += send_some(t, t->pending + t->pending_at, tls_pending(t));
	if (t->send_error != 0)
		return send_failed(t);
	if (tls_pending(t) > 0)
		return TLS_AGAIN;
	drop_pending(t);
	return TLS_OK;
}

void
tls_goodbye(struct tls *t)
{
	if (!t->done || t->over >= TLS_CUT)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	leave(t);
}
