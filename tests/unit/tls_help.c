/* SPDX-License-Identifier: ISC */
/* Both ends of a TLS connection in one thread, and peers that OpenSSL plays. */
#include "tls_help.h"

#include <openssl/x509v3.h>

struct identity *ed25519, *other, *p256;
struct tls_context *client_ctx, *server_ctx, *p256_client_ctx, *p256_server_ctx;
uint8_t sent[1u << 20], got[1u << 20];

static struct identity *
identity_of(EVP_PKEY *key)
{
	char why[IDENTITY_WHY_MAX], *text;
	BIO *bio = BIO_new(BIO_s_mem());
	struct identity *me;
	long len;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &text);
	me = identity_parse(slice_of(text, (size_t)len), why);
	assert_non_null(me);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return me;
}

static struct tls_context *
context(enum tls_side side, const struct identity *me)
{
	char why[TLS_WHY_MAX];
	struct tls_context *ctx = tls_context_new(side, me, why);

	assert_non_null(ctx);
	return ctx;
}

int
make_contexts(void **state)
{
	(void)state;
	ed25519 = identity_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	other = identity_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	p256 = identity_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
	client_ctx = context(TLS_CLIENT, ed25519);
	server_ctx = context(TLS_SERVER, other);
	p256_client_ctx = context(TLS_CLIENT, p256);
	p256_server_ctx = context(TLS_SERVER, p256);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 2654435761u >> 13);
	return 0;
}

int
free_contexts(void **state)
{
	(void)state;
	tls_context_free(client_ctx);
	tls_context_free(server_ctx);
	tls_context_free(p256_client_ctx);
	tls_context_free(p256_server_ctx);
	identity_free(ed25519);
	identity_free(other);
	identity_free(p256);
	return 0;
}

/* ---- both ends ---- */

void
sockets(int fd[2], bool small)
{
	unix_pair(fd);
	for (unsigned i = 0; small && i < 2; i++) {
		assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &(int){ 1 },
		    sizeof(int)), 0);
		assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &(int){ 1 },
		    sizeof(int)), 0);
	}
}

struct ends
ends_of(struct tls_context *client, int client_fd, struct tls_context *server, int server_fd)
{
	struct ends e = { .client_fd = client_fd, .server_fd = server_fd };

	e.client = tls_new(client, client_fd, "tunnel.example.com");
	e.server = tls_new(server, server_fd, NULL);
	assert_non_null(e.client);
	assert_non_null(e.server);
	return e;
}

struct ends
two_ends(struct tls_context *client, struct tls_context *server, bool small)
{
	int fd[2];

	sockets(fd, small);
	return ends_of(client, fd[0], server, fd[1]);
}

void
free_ends(struct ends *e)
{
	tls_drop(e->client);
	tls_drop(e->server);
	close(e->client_fd);
	close(e->server_fd);
	assert_int_equal(ERR_peek_error(), 0);
}

void
shake_hands(struct ends *e)
{
	enum tls_result c = TLS_AGAIN, s = TLS_AGAIN;

	for (unsigned i = 0; i < ROUNDS && (c == TLS_AGAIN || s == TLS_AGAIN); i++) {
		if (c == TLS_AGAIN)
			c = tls_handshake(e->client);
		if (s == TLS_AGAIN)
			s = tls_handshake(e->server);
		if (tls_pending(e->client) > 0)
			tls_flush(e->client);
	}
	assert_int_equal(c, TLS_OK);
	assert_int_equal(s, TLS_OK);
}

struct ends
connected(void)
{
	struct ends e = two_ends(client_ctx, server_ctx, false);

	shake_hands(&e);
	return e;
}

size_t
read_all(struct tls *t, uint8_t *to, size_t room, enum tls_result *result)
{
	static uint8_t buf[READ_SIZE];
	size_t len = 0, n;

	while ((*result = tls_read(t, buf, sizeof(buf), &n)) == TLS_OK) {
		assert_in_range(n, 1, room - len);
		memcpy(to + len, buf, n);
		len += n;
	}
	assert_int_equal(n, 0);
	return len;
}

void
assert_reads(struct tls *t, const char *text)
{
	enum tls_result result;
	size_t len = read_all(t, got, sizeof(got), &result);

	assert_int_equal(result, TLS_AGAIN);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(got, text, len);
}

enum tls_result
say(struct tls *t, const char *text)
{
	return tls_write(t, (const uint8_t *)text, strlen(text));
}

void
assert_why(const struct tls *t, const char *part)
{
	if (strstr(tls_why(t), part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", tls_why(t), part);
}

struct flow {
	struct tls *from, *to;
	size_t out, in;
};

/* Send a piece, unless one is on its way; then read one. */
static void
flow_step(struct flow *f)
{
	size_t len = (size_t)rand() % (rand() % 2 == 0 ? 100000 : 100), n;
	enum tls_result result;

	if (tls_pending(f->from) > 0) {
		result = tls_flush(f->from);
	} else {
		len = len < sizeof(sent) - f->out ? len : sizeof(sent) - f->out;
		result = tls_write(f->from, sent + f->out, len);
		f->out += len;
	}
	assert_int_equal(result, tls_pending(f->from) > 0 ? TLS_AGAIN : TLS_OK);
	result = tls_read(f->to, got, TLS_RECORD_MAX + (size_t)rand() % 100000, &n);
	assert_int_equal(result, n > 0 ? TLS_OK : TLS_AGAIN);
	assert_memory_equal(got, sent + f->in, n);
	f->in += n;
}

void
flow_both_ways(struct ends *e, void (*between)(void *), void *arg)
{
	struct flow f[2] = { { e->client, e->server, 0, 0 }, { e->server, e->client, 0, 0 } };

	for (unsigned i = 0; i < ROUNDS &&
	    (f[0].in < sizeof(sent) || f[1].in < sizeof(sent)); i++) {
		flow_step(&f[rand() % 2]);
		if (between != NULL)
			between(arg);
	}
	assert_int_equal(f[0].in, sizeof(sent));
	assert_int_equal(f[1].in, sizeof(sent));
}

/* ---- rogues ---- */

const struct cert plain = { .kind = "ED25519" };

EVP_PKEY *
key_of(const char *kind)
{
	if (strcmp(kind, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	if (strcmp(kind, "ED25519") == 0 || strcmp(kind, "ED448") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind);
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", strcmp(kind, "EC") == 0 ? "P-256" : kind);
}

static void
add_comment(X509 *x, size_t len)
{
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(data, sent, (int)len);
	ext = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, data);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(data);
}

X509 *
make_cert(const struct cert *c, EVP_PKEY *key)
{
	X509 *x = X509_new();
	EVP_PKEY *signer = c->forged ? key_of("ED25519") : key;

	X509_set_version(x, X509_VERSION_3);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x),
	    c->from == NULL ? "20200101000000Z" : c->from);
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), c->to == NULL ? "20800101000000Z" : c->to);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"somebody", -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"somebody else", -1, -1, 0);
	X509_set_pubkey(x, key);
	if (c->comment > 0)
		add_comment(x, c->comment);
	assert_true(X509_sign(x, signer,
	    strncmp(EVP_PKEY_get0_type_name(signer), "ED", 2) == 0 ? NULL : EVP_sha256()) > 0);
	if (c->forged)
		EVP_PKEY_free(signer);
	return x;
}

const char *
use_cert(SSL_CTX *ctx, const struct cert *c)
{
	static char id[IDENTITY_ID_SIZE];
	EVP_PKEY *key = key_of(c->kind);
	X509 *x = make_cert(c, key);

	if (!identity_id_of(key, id))
		id[0] = '\0';
	assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(x);
	EVP_PKEY_free(key);
	return id;
}

static int
choose_ours(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned in_len, void *arg)
{
	(void)ssl;
	(void)in;
	(void)in_len;
	(void)arg;
	*out = (const unsigned char *)TLS_ALPN;
	*out_len = sizeof(TLS_ALPN) - 1;
	return SSL_TLSEXT_ERR_OK;
}

static int
believe_all(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

struct rogue
rogue_new(enum tls_side ours, const struct cert *c)
{
	struct rogue r = { .ctx = SSL_CTX_new(
	    ours == TLS_SERVER ? TLS_client_method() : TLS_server_method()) };
	int fd[2];

	sockets(fd, false);
	r.fd = fd[0];
	r.our_fd = fd[1];
	r.t = tls_new(ours == TLS_SERVER ? server_ctx : client_ctx, r.our_fd,
	    ours == TLS_SERVER ? NULL : "tunnel.example.com");
	if (c != NULL)
		use_cert(r.ctx, c);
	SSL_CTX_set_alpn_protos(r.ctx, (const unsigned char *)"\x02h2\x05" TLS_ALPN, 9);
	SSL_CTX_set_alpn_select_cb(r.ctx, choose_ours, NULL);
	SSL_CTX_set_cert_verify_callback(r.ctx, believe_all, NULL);
	SSL_CTX_set_verify(r.ctx, SSL_VERIFY_PEER, NULL);
	return r;
}

void
rogue_start(struct rogue *r)
{
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, r->fd);
	if (r->t != NULL && SSL_is_server(r->ssl))
		SSL_set_accept_state(r->ssl);
	else
		SSL_set_connect_state(r->ssl);
}

enum tls_result
rogue_shakes_hands(struct rogue *r, unsigned long *told)
{
	enum tls_result result = TLS_AGAIN;
	char byte;

	*told = 0;
	for (unsigned i = 0; i < 100 && result == TLS_AGAIN; i++) {
		ERR_clear_error();
		SSL_do_handshake(r->ssl);
		*told = ERR_peek_last_error();
		result = tls_handshake(r->t);
		assert_int_equal(ERR_peek_error(), 0);
	}
	if (SSL_do_handshake(r->ssl) == 1)
		SSL_read(r->ssl, &byte, 1);
	if (ERR_peek_last_error() != 0)
		*told = ERR_peek_last_error();
	ERR_clear_error();
	return result;
}

void
rogue_free(struct rogue *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	tls_drop(r->t);
	close(r->fd);
	close(r->our_fd);
	ERR_clear_error();
}
