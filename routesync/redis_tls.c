/* SPDX-License-Identifier: ISC */
/* TLS to the store. The Makefile defines HAVE_HIREDIS_SSL where pkg-config knows hiredis_ssl. */
#include "redis_tls.h"

#include <hiredis/async.h>

#ifdef HAVE_HIREDIS_SSL

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "addr.h"
#include "host.h"

bool
redis_tls_built_in(void)
{
	return true;
}

static int verify_error;	/* X509_V_OK: none to report */

static int
on_verify(int ok, X509_STORE_CTX *store)
{
	if (!ok)
		verify_error = X509_STORE_CTX_get_error(store);
	return ok;
}

/*
 * hiredis leaves the error in OpenSSL's queue, and would take it for one of the next connection
 * that only has to wait for more bytes.
 */
const char *
redis_tls_why(void)
{
	static char text[128];
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	int refused = verify_error;

	ERR_clear_error();
	verify_error = X509_V_OK;
	if (refused != X509_V_OK)
		snprintf(text, sizeof(text), "certificate: %s",
		    X509_verify_cert_error_string(refused));
	else if (reason != NULL)
		snprintf(text, sizeof(text), "TLS: %s", reason);
	else
		return NULL;
	return text;
}

/*
 * One for all connections: trusts what the machine trusts (SSL_CERT_FILE and
 * SSL_CERT_DIR change that).
 */
static SSL_CTX *
context(void)
{
	static SSL_CTX *ctx;

	if (ctx != NULL)
		return ctx;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_default_verify_paths(ctx);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return ctx;
}

/* hiredis itself sends the name but never compares it with the certificate. */
static bool
expect_host(SSL *ssl, const struct source *source)
{
	struct slice servers = source->servers;
	char text[HOST_MAX + 1];
	struct addr a;
	size_t skip;

	source_next(source, &servers, &a);
	if (a.kind == ADDR_HOST) {
		snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(a.host));
		return SSL_set_tlsext_host_name(ssl, text) == 1 && SSL_set1_host(ssl, text) == 1;
	}
	skip = a.ip.family == AF_INET ? ENDPOINT_V4_AT : 0;
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), a.ip.ip + skip,
	    sizeof(a.ip.ip) - skip) == 1;
}

bool
redis_tls_start(struct redisAsyncContext *ac, const struct source *source)
{
	SSL *ssl = context() == NULL ? NULL : SSL_new(context());

	if (ssl == NULL)
		return false;
	if (expect_host(ssl, source) && redisInitiateSSL(&ac->c, ssl) == REDIS_OK)
		return true;
	SSL_free(ssl);
	return false;
}

#else

bool
redis_tls_built_in(void)
{
	return false;
}

bool
redis_tls_start(struct redisAsyncContext *ac, const struct source *source)
{
	(void)ac;
	(void)source;
	return false;
}

const char *
redis_tls_why(void)
{
	return NULL;
}

#endif
