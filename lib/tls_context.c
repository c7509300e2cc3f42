/* SPDX-License-Identifier: ISC */
/* What all connections of a process have in common: our certificate, and what we ask of a peer. */
#include "tls_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <openssl/err.h>

#define CERT_MAX 4096u		/* bytes of a peer's certificate chain; ours has about 300 */

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
	t->said = TLS_NO_ALPN;
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
	t->said = TLS_NO_ALPN;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool
tls_alpn_agreed(const struct tls *t)
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
	bool ok = x != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1;

	ok = ok && ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20000101000000Z") == 1 &&
	    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") == 1;
	ok = ok && X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"t", 1, -1, 0) == 1;
	ok = ok && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	    X509_set_pubkey(x, key) == 1;
	ok = ok && X509_sign(x, key, EVP_PKEY_is_a(key, "EC") ? EVP_sha256() : NULL) > 0;
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
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	return SSL_CTX_set_num_tickets(ssl, 0) == 1;
}

static void
set_judgement(SSL_CTX *ssl, enum tls_side side)
{
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, on_certificate, NULL);
	SSL_CTX_set_max_cert_list(ssl, CERT_MAX);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION	/* what a stranger sends is not unpacked, too */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION |
	    SSL_OP_NO_TX_CERTIFICATE_COMPRESSION);
#endif
	SSL_CTX_set_msg_callback(ssl, on_message);
	if (side == TLS_CLIENT)
		return;
	SSL_CTX_set_client_hello_cb(ssl, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
}

static bool
set_up(struct tls_context *ctx, EVP_PKEY *key)
{
	ctx->bio = tls_bio_method();
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
