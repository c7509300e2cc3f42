/* SPDX-License-Identifier: ISC */
/*
 * TLS 1.3 by OpenSSL, over a BIO of our own: what one of our calls makes OpenSSL send is
 * gathered in one buffer per process.
 *
 * Nothing is left waiting: tls_read() reports the socket empty only when recv() told OpenSSL
 * so, and that asks for bytes only when what it read ahead holds no whole record any more; the
 * next byte makes a new edge. Otherwise the caller's buffer is full, or the turn's limit
 * reached: that is TLS_OK, and the caller calls again. No record is taken in part, since there
 * is room for a whole one each time.
 */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <openssl/err.h>
#include <openssl/ssl.h>

#define CERT_MAX 4096u		/* bytes of a peer's certificate chain; ours has about 300 */
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
	else if (t->done && t->messages > IDLE_MESSAGES)
		t->said = "too many messages without data";
	else if (t->done && t->unpaid > MESSAGES_MAX)
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

static BIO_METHOD *
bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls");

	if (m != NULL && BIO_meth_set_write_ex(m, bio_write) == 1 &&
	    BIO_meth_set_read_ex(m, bio_read) == 1 && BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- what we ask of a peer ---- */

/*
 * In place of OpenSSL's judgement of chains: one certificate, whose key is of a kind that has an
 * id. Nothing else in it counts.
 */
static int
on_certificate(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);
	EVP_PKEY *key = X509_get0_pubkey(X509_STORE_CTX_get0_cert(store));

	(void)arg;
	if (sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) > 1)
		t->said = "more than one certificate";
	else if (key == NULL)
		t->said = "a key that can't be read";	/* of an unknown kind, or out of memory */
	else if (!identity_id_of(key, t->id))
		t->said = errno == ENOMEM ? "out of memory" :
		    "a key that is neither Ed25519 nor P-256";
	else if (t->judge == NULL || (t->said = t->judge(t->judge_arg, t->id)) == NULL)
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

/* A client that offers no protocol at all would never reach on_alpn(). */
static int
on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	const unsigned char *list;
	size_t len;

	(void)arg;
	t->hello = true;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
	    &list, &len) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	t->said = "no common ALPN protocol";
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static const unsigned char alpn[] = "\x05" TLS_ALPN;	/* a list of one, as on the wire */

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	unsigned char *found;

	(void)arg;
	if (SSL_select_next_proto(&found, out_len, alpn, sizeof(alpn) - 1, in, in_len) ==
	    OPENSSL_NPN_NEGOTIATED) {
		*out = found;
		return SSL_TLSEXT_ERR_OK;
	}
	t->said = "no common ALPN protocol";
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whether the server chose our protocol: one that chose none is some other server. */
static bool
alpn_agreed(struct tls *t)
{
	const unsigned char *chosen;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &chosen, &len);
	return len == sizeof(alpn) - 2 && memcmp(chosen, alpn + 1, len) == 0;
}

/* Count what goes_too_far() judges. */
static void
on_message(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);

	(void)version;
	(void)bytes;
	(void)len;
	(void)arg;
	if (!sent && type == SSL3_RT_HANDSHAKE) {
		t->messages++;
		t->unpaid++;
	}
}

/* ---- the context ---- */

static X509 *
self_signed(EVP_PKEY *key)
{
	X509 *x = X509_new();
	ASN1_TIME *from = ASN1_TIME_new(), *to = ASN1_TIME_new();
	bool ok = x != NULL && from != NULL && to != NULL;

	ok = ok && X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1;
	ok = ok && ASN1_TIME_set_string_X509(from, "20000101000000Z") == 1 &&
	    X509_set1_notBefore(x, from) == 1;
	ok = ok && ASN1_TIME_set_string_X509(to, "99991231235959Z") == 1 &&
	    X509_set1_notAfter(x, to) == 1;
	ok = ok && X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"t", 1, -1, 0) == 1;
	ok = ok && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	    X509_set_pubkey(x, key) == 1;
	ok = ok && X509_sign(x, key, EVP_PKEY_is_a(key, "EC") ? EVP_sha256() : NULL) > 0;
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

/* Whether the processor has instructions for AES; without them ChaCha20 is the faster cipher. */
static bool
has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
	return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
	return true;
#endif
}

static const char *
ciphers(void)
{
	return has_aes() ?
	    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256" :
	    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
}

static bool
set_algorithms(SSL_CTX *ssl)
{
	return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_ciphersuites(ssl, ciphers()) == 1 &&
	    SSL_CTX_set1_groups_list(ssl, "X25519:P-256") == 1 &&
	    SSL_CTX_set1_sigalgs_list(ssl, "ed25519:ECDSA+SHA256") == 1;
}

/* Both sides prove their keys on every connection: no tickets, no sessions kept, no early data. */
static bool
set_sessions(SSL_CTX *ssl)
{
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	return SSL_CTX_set_num_tickets(ssl, 0) == 1;
}

static void
set_judgement(SSL_CTX *ssl, enum tls_side side)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, on_certificate, NULL);
	SSL_CTX_set_max_cert_list(ssl, CERT_MAX);
	SSL_CTX_set_msg_callback(ssl, on_message);
	if (side == TLS_CLIENT)
		return;
	SSL_CTX_set_client_hello_cb(ssl, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
}

static bool
set_up(struct tls_context *ctx, EVP_PKEY *key)
{
	ctx->bio = bio_method();
	ctx->cert = self_signed(key);
	ctx->ssl = SSL_CTX_new(ctx->side == TLS_CLIENT ? TLS_client_method() : TLS_server_method());
	if (ctx->bio == NULL || ctx->cert == NULL || ctx->ssl == NULL ||
	    !set_algorithms(ctx->ssl) || !set_sessions(ctx->ssl))
		return false;
	set_judgement(ctx->ssl, ctx->side);
	if (ctx->side == TLS_CLIENT &&
	    SSL_CTX_set_alpn_protos(ctx->ssl, alpn, sizeof(alpn) - 1) != 0)
		return false;
	return SSL_CTX_use_certificate(ctx->ssl, ctx->cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx->ssl, key) == 1;
}

struct tls_context *
tls_context_new(enum tls_side side, const struct identity *me, char why[static TLS_WHY_MAX])
{
	struct tls_context *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL) {
		snprintf(why, TLS_WHY_MAX, "%s", strerror(errno));
		return NULL;
	}
	ctx->side = side;
	ERR_clear_error();
	if (set_up(ctx, identity_key(me)))
		return ctx;
	/* "error:0A000161:...", for openssl errstr */
	ERR_error_string_n(ERR_peek_last_error(), why, TLS_WHY_MAX);
	ERR_clear_error();
	tls_context_free(ctx);
	return NULL;
}

void
tls_context_free(struct tls_context *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	X509_free(ctx->cert);
	BIO_meth_free(ctx->bio);
	free(ctx->out);
	free(ctx);
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
	tls_free(t);
	return NULL;
}

void
tls_expect(struct tls *t, tls_judge *judge, void *arg)
{
	t->judge = judge;
	t->judge_arg = arg;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	ERR_clear_error();
	free(t->pending);
	free(t);
}

/* ---- how it went ---- */

/* Words for OpenSSL's reason. */
static void
explain(struct tls *t, unsigned long code)
{
	int reason = ERR_GET_REASON(code);
	const char *text = ERR_reason_error_string(code);

	if (t->said != NULL)
		snprintf(t->why, sizeof(t->why), "%s", t->said);
	else if (t->ctx->side == TLS_SERVER && !t->hello)
		snprintf(t->why, sizeof(t->why), "no TLS 1.3 hello");
	else if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
		snprintf(t->why, sizeof(t->why), "peer refused us: %s",
		    SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
	else if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_HTTP_REQUEST)
		snprintf(t->why, sizeof(t->why),
		    t->done ? "bytes that are no TLS 1.3" : "no TLS 1.3 hello");
	else
		snprintf(t->why, sizeof(t->why), "%s", text == NULL ? "TLS failed" : text);
}

static enum tls_result
end(struct tls *t, enum tls_result result)
{
	t->over = result;
	errno = t->recv_error;
	return result;
}

/* Why OpenSSL's read did not succeed. */
static enum tls_result
failed(struct tls *t, int error)
{
	bool cut = t->eof || t->recv_error != 0;

	if (error == SSL_ERROR_WANT_READ)
		return TLS_AGAIN;
	if (error == SSL_ERROR_ZERO_RETURN) {
		snprintf(t->why, sizeof(t->why), "the peer ended the session");
		return end(t, TLS_EOF);
	}
	if (!cut) {
		explain(t, ERR_peek_error());
		return end(t, TLS_BAD);
	}
	snprintf(t->why, sizeof(t->why), "%s",
	    t->eof ? "the connection ended without a word" : strerror(t->recv_error));
	return end(t, TLS_CUT);
}

/* Sending failed: what the peer sent before may still be read. */
static enum tls_result
send_failed(struct tls *t)
{
	snprintf(t->why, sizeof(t->why), "%s", strerror(t->send_error));
	errno = t->send_error;
	return TLS_CUT;
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
	if (!alpn_agreed(t)) {
		snprintf(t->why, sizeof(t->why), "no common ALPN protocol");
		return end(t, TLS_BAD);
	}
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
		return end(t, t->over);
	if (tls_pending(t) > 0 && tls_flush(t) == TLS_CUT)
		return TLS_CUT;
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
		return end(t, t->over);
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

enum tls_result
tls_write(struct tls *t, const uint8_t *buf, size_t len)
{
	size_t written;

	ERR_clear_error();
	for (; len > 0 && t->send_error == 0; buf += written, len -= written) {
		bool taken = SSL_write_ex(t->ssl, buf, len < CHUNK ? len : CHUNK, &written) == 1;

		leave(t);	/* what a failure left there would go to the next connection */
		if (!taken)
			return failed(t, SSL_ERROR_SSL);
	}
	return t->send_error != 0 ? send_failed(t) : tls_pending(t) > 0 ? TLS_AGAIN : TLS_OK;
}

enum tls_result
tls_flush(struct tls *t)
{
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
	if (!t->done || t->over == TLS_BAD || t->over == TLS_CUT)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	leave(t);
}
