/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: peers that are not as they should be, and bytes that are no TLS at all. */
#include "tls_help.h"

/* ---- peers that OpenSSL plays ---- */

static int
choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned in_len, void *arg)
{
	(void)ssl;
	(void)in;
	(void)in_len;
	(void)arg;
	*out = (const unsigned char *)"h2";
	*out_len = 2;
	return SSL_TLSEXT_ERR_OK;
}

static void
no_change(SSL_CTX *ctx)
{
	(void)ctx;
}

static void
only_tls12(SSL_CTX *ctx)
{
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
}

static void
no_alpn(SSL_CTX *ctx)
{
	SSL_CTX_set_alpn_protos(ctx, NULL, 0);
	SSL_CTX_set_alpn_select_cb(ctx, NULL, NULL);
}

static void
wrong_alpn(SSL_CTX *ctx)
{
	SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2\x05tun/2", 9);
	SSL_CTX_set_alpn_select_cb(ctx, choose_h2, NULL);
}

static void
with_a_chain(SSL_CTX *ctx)
{
	static const struct cert second = { .kind = "ED25519" };
	EVP_PKEY *key = key_of("ED25519");

	assert_int_equal(SSL_CTX_add_extra_chain_cert(ctx, make_cert(&second, key)), 1);
	EVP_PKEY_free(key);
}

static void
only_p384(SSL_CTX *ctx)
{
	assert_int_equal(SSL_CTX_set1_groups_list(ctx, "P-384"), 1);
}

/* A hello as long as wanted: protocols nobody knows, and ours. */
static void
long_hello(SSL_CTX *ctx, size_t len)
{
	uint8_t list[20000];
	size_t at = 0;

	for (; at < len; at += 201) {
		list[at] = 200;
		memset(list + at + 1, 'x', 200);
	}
	memcpy(list + at, "\x05" TLS_ALPN, 6);
	assert_int_equal(SSL_CTX_set_alpn_protos(ctx, list, (unsigned)at + 6), 0);
}

static void
hello_of_14k(SSL_CTX *ctx)
{
	long_hello(ctx, 14000);
}

static void
hello_of_17k(SSL_CTX *ctx)
{
	long_hello(ctx, 17000);
}

static const struct cert rsa = { .kind = "RSA" }, p384 = { .kind = "P-384" },
    ed448 = { .kind = "ED448" }, huge = { .kind = "ED25519", .comment = 100000 },
    large = { .kind = "ED25519", .comment = 4200 }, medium = { .kind = "EC", .comment = 3500 };

struct rogue_case {
	const struct cert *cert;
	void (*prepare)(SSL_CTX *ctx);
	const char *why;		/* NULL: it is let in */
	int told;			/* reason of the rogue's last error, 0: not looked at */
};

static void
try_rogues(enum tls_side ours, const struct rogue_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rogue r = rogue_new(ours, c[i].cert);
		enum tls_result result;
		unsigned long told;

		c[i].prepare(r.ctx);
		rogue_start(&r);
		result = rogue_shakes_hands(&r, &told);
		if (c[i].why == NULL && result != TLS_OK)
			fail_msg("case %zu: %d %s", i, result, tls_why(r.t));
		if (c[i].why != NULL &&
		    (result != TLS_BAD || strstr(tls_why(r.t), c[i].why) == NULL))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, result, tls_why(r.t),
			    c[i].why);
		if (c[i].told != 0 && ERR_GET_REASON(told) != c[i].told)
			fail_msg("case %zu: told %s", i, ERR_reason_error_string(told));
		rogue_free(&r);
	}
}

static void
a_server_refuses_clients_it_cannot_know(void **state)
{
	static const struct rogue_case c[] = {
		{ &plain, no_change, NULL, 0 },
		{ &medium, no_change, NULL, 0 },
		{ &plain, hello_of_14k, NULL, 0 },
		{ &plain, only_tls12, "no TLS 1.3 hello", SSL_R_TLSV1_ALERT_PROTOCOL_VERSION },
		{ NULL, no_change, "peer did not return a certificate",
		    SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED },
		/* it can sign nothing we would take */
		{ &rsa, no_change, "peer did not return a certificate", 0 },
		{ &p384, no_change, "peer did not return a certificate", 0 },
		{ &ed448, no_change, "peer did not return a certificate", 0 },
		{ &plain, no_alpn, "no common ALPN protocol",
		    SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
		{ &plain, wrong_alpn, "no common ALPN protocol",
		    SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
		{ &plain, with_a_chain, "more than one certificate", 0 },
		{ &plain, only_p384, "no suitable key share", SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE },
		{ &large, no_change, "excessive message size", 0 },
		{ &huge, no_change, "too many bytes", 0 },
		{ &plain, hello_of_17k, "too many bytes", 0 },
	};

	(void)state;
	try_rogues(TLS_SERVER, c, COUNT(c));
}

static void
a_client_refuses_servers_it_cannot_know(void **state)
{
	static const struct rogue_case c[] = {
		{ &plain, no_change, NULL, 0 },
		{ &medium, no_change, NULL, 0 },
		{ &plain, only_tls12, "peer refused us: protocol version", 0 },
		{ &rsa, no_change, "peer refused us: handshake failure", 0 },
		{ &p384, no_change, "peer refused us: handshake failure", 0 },
		{ &plain, no_alpn, "no common ALPN protocol", 0 },
		{ &plain, wrong_alpn, "bad extension", 0 },
		{ &plain, with_a_chain, "more than one certificate", 0 },
		{ &huge, no_change, "too many bytes", 0 },
	};

	(void)state;
	try_rogues(TLS_CLIENT, c, COUNT(c));
}

/* Whatever a clock or an issuer says: 1970 and 2100 are the same to us. */
static void
only_the_key_of_a_certificate_counts(void **state)
{
	static const struct cert c[] = {
		{ .kind = "ED25519", .from = "21000101000000Z", .to = "21010101000000Z" },
		{ .kind = "ED25519", .from = "19500101000000Z", .to = "19700101000000Z" },
		{ .kind = "EC", .from = "99991231235959Z", .to = "19500101000000Z" },
		{ .kind = "ED25519", .forged = true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(c); i++) {
		struct rogue r = rogue_new(i % 2 == 0 ? TLS_SERVER : TLS_CLIENT, NULL);
		const char *id = use_cert(r.ctx, &c[i / 2]);
		unsigned long told;

		rogue_start(&r);
		assert_int_equal(rogue_shakes_hands(&r, &told), TLS_OK);
		assert_string_equal(tls_peer_id(r.t), id);
		rogue_free(&r);
	}
}

static void
the_server_is_asked_for_by_name_when_there_is_one(void **state)
{
	struct rogue r = rogue_new(TLS_CLIENT, &plain), s = rogue_new(TLS_CLIENT, &plain);
	unsigned long told;

	(void)state;
	rogue_start(&r);
	assert_int_equal(rogue_shakes_hands(&r, &told), TLS_OK);
	assert_string_equal(SSL_get_servername(r.ssl, TLSEXT_NAMETYPE_host_name),
	    "tunnel.example.com");
	tls_drop(s.t);
	s.t = tls_new(client_ctx, s.our_fd, NULL);
	rogue_start(&s);
	assert_int_equal(rogue_shakes_hands(&s, &told), TLS_OK);
	assert_null(SSL_get_servername(s.ssl, TLSEXT_NAMETYPE_host_name));
	rogue_free(&r);
	rogue_free(&s);
}

static void
no_session_is_there_to_resume(void **state)
{
	struct rogue r = rogue_new(TLS_SERVER, &plain);
	unsigned long told;

	(void)state;
	rogue_start(&r);
	assert_int_equal(rogue_shakes_hands(&r, &told), TLS_OK);
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(r.ssl)));
	rogue_free(&r);
}

static void
a_refusal_after_our_part_is_told(void **state)
{
	struct rogue r = rogue_new(TLS_CLIENT, &plain);
	unsigned long told;
	size_t n;

	(void)state;
	/* a chain to somebody it trusts, which there is not */
	SSL_CTX_set_cert_verify_callback(r.ctx, NULL, NULL);
	SSL_CTX_set_verify(r.ctx, SSL_VERIFY_PEER, NULL);
	rogue_start(&r);
	assert_int_equal(rogue_shakes_hands(&r, &told), TLS_OK);
	assert_int_equal(tls_read(r.t, got, READ_SIZE, &n), TLS_BAD);
	assert_why(r.t, "peer refused us: ");
	rogue_free(&r);
}

/* ---- bytes that are no TLS at all ---- */

static void
try_bytes(enum tls_side ours, const void *bytes, size_t len, const char *why)
{
	struct rogue r = rogue_new(ours, NULL);
	enum tls_result result = TLS_AGAIN;

	assert_int_equal(send(r.fd, bytes, len, 0), len);
	for (unsigned i = 0; i < 3 && result == TLS_AGAIN; i++)
		result = tls_handshake(r.t);
	assert_int_equal(result, TLS_BAD);
	assert_why(r.t, why);
	assert_int_equal(tls_handshake(r.t), TLS_BAD);
	assert_int_equal(ERR_peek_error(), 0);
	rogue_free(&r);
}

static void
other_protocols_get_no_further(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
	    ssh[] = "SSH-2.0-OpenSSH_9.2\r\n", proxy[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
	    answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const uint8_t nothing[64],
	    big[5 + 16384] = { 22, 3, 1, 0x40, 0, 1, 1, 0x86, 0xa0, 3, 3 };

	(void)state;
	try_bytes(TLS_SERVER, http, sizeof(http) - 1, "no TLS 1.3 hello");
	try_bytes(TLS_SERVER, ssh, sizeof(ssh) - 1, "no TLS 1.3 hello");
	try_bytes(TLS_SERVER, proxy, sizeof(proxy) - 1, "no TLS 1.3 hello");
	try_bytes(TLS_SERVER, nothing, sizeof(nothing), "no TLS 1.3 hello");
	try_bytes(TLS_SERVER, sent, sizeof(nothing), "no TLS 1.3 hello");
	try_bytes(TLS_SERVER, big, sizeof(big), "too many bytes");
	try_bytes(TLS_CLIENT, answer, sizeof(answer) - 1, "no TLS 1.3 hello");
	try_bytes(TLS_CLIENT, ssh, sizeof(ssh) - 1, "no TLS 1.3 hello");
	try_bytes(TLS_CLIENT, nothing, sizeof(nothing), "no TLS 1.3 hello");
}

/* Records that a handshake may have one of, and that are ignored. */
static void
a_flood_before_the_end_of_the_handshake_is_bad(void **state)
{
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 };
	struct rogue r = rogue_new(TLS_SERVER, &plain);
	enum tls_result result = TLS_AGAIN;

	(void)state;
	rogue_start(&r);
	SSL_do_handshake(r.ssl);		/* its hello */
	assert_int_equal(tls_handshake(r.t), TLS_AGAIN);
	for (unsigned i = 0; i < 5000 && result == TLS_AGAIN; i++) {
		assert_int_equal(send(r.fd, ccs, sizeof(ccs), 0), sizeof(ccs));
		result = tls_handshake(r.t);
	}
	assert_int_equal(result, TLS_BAD);
	rogue_free(&r);
}

static void
one_connections_error_is_not_anothers(void **state)
{
	struct ends e = connected();
	size_t n;

	(void)state;
	try_bytes(TLS_SERVER, "GET / HTTP/1.1\r\n\r\n", 18, "no TLS 1.3 hello");
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);		/* somebody else's */
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_AGAIN);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE);
	assert_int_equal(say(e.client, "hello"), TLS_OK);
	assert_reads(e.server, "hello");
	free_ends(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_refuses_clients_it_cannot_know),
		cmocka_unit_test(a_client_refuses_servers_it_cannot_know),
		cmocka_unit_test(only_the_key_of_a_certificate_counts),
		cmocka_unit_test(the_server_is_asked_for_by_name_when_there_is_one),
		cmocka_unit_test(no_session_is_there_to_resume),
		cmocka_unit_test(a_refusal_after_our_part_is_told),
		cmocka_unit_test(other_protocols_get_no_further),
		cmocka_unit_test(a_flood_before_the_end_of_the_handshake_is_bad),
		cmocka_unit_test(one_connections_error_is_not_anothers),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
