/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: key updates, and floods of them. */
#include "tls_help.h"
#include "tls_private.h"

static struct rogue
friendly_rogue(enum tls_side ours)
{
	struct rogue r = rogue_new(ours, &plain);
	unsigned long told;

	rogue_start(&r);
	assert_int_equal(rogue_shakes_hands(&r, &told), TLS_OK);
	return r;
}

static void
keys_may_be_updated(void **state)
{
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rogue r = friendly_rogue(i == 0 ? TLS_SERVER : TLS_CLIENT);

		for (unsigned k = 0; k < 100; k++) {
			assert_int_equal(SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
			assert_int_equal(SSL_write(r.ssl, "hello", 5), 5);
			assert_reads(r.t, "hello");
			assert_int_equal(say(r.t, "yes"), TLS_OK);
			assert_int_equal(SSL_read(r.ssl, text, sizeof(text)), 3);
		}
		rogue_free(&r);
	}
}

static void
count_updates(int sent_by_peer, int version, int type, const void *bytes, size_t len, SSL *ssl,
    void *updates)
{
	(void)version;
	(void)ssl;
	if (sent_by_peer == 0 && type == SSL3_RT_HANDSHAKE && len > 0 &&
	    *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE)
		(*(unsigned *)updates)++;
}

/* Each write of a byte is a record, and one of all of sent is many. */
static void
a_key_is_renewed_before_it_is_worn_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rogue r = friendly_rogue(i == 0 ? TLS_SERVER : TLS_CLIENT);
		unsigned updates = 0;

		SSL_set_msg_callback(r.ssl, count_updates);
		SSL_set_msg_callback_arg(r.ssl, &updates);
		for (unsigned k = 0; k < 3; k++) {
			r.t->key_records = TLS_KEY_RECORDS - 3;
			for (unsigned n = 0; n < 4; n++) {
				assert_int_equal(say(r.t, "x"), TLS_OK);
				assert_int_equal(SSL_read(r.ssl, got, sizeof(got)), 1);
				assert_int_equal(updates, n < 3 ? k : k + 1);
			}
		}
		r.t->key_records = TLS_KEY_RECORDS - 2;
		assert_int_equal(tls_write(r.t, sent, 2 * TLS_RECORD_MAX), TLS_OK);
		assert_int_equal(say(r.t, "x"), TLS_OK);
		for (size_t n = 0; n < 2 * TLS_RECORD_MAX + 1; )
			n += (size_t)SSL_read(r.ssl, got, sizeof(got));
		assert_int_equal(updates, 4);
		r.t->key_records = TLS_KEY_RECORDS - 1;
		assert_int_equal(say(r.t, "x"), TLS_OK);
		tls_goodbye(r.t);
		assert_int_equal(SSL_read(r.ssl, got, sizeof(got)), 1);
		assert_int_equal(SSL_read(r.ssl, got, sizeof(got)), 0);
		assert_int_equal(SSL_get_shutdown(r.ssl), SSL_RECEIVED_SHUTDOWN);
		rogue_free(&r);
	}
}

static void
update_key(struct rogue *r)
{
	assert_int_equal(SSL_key_update(r->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	assert_int_equal(SSL_do_handshake(r->ssl), 1);
}

/*
 * How many key updates, each with some bytes of data or none after it,
 * are borne until they end the session.
 */
static unsigned
updates_borne(struct rogue *r, int bytes)
{
	enum tls_result fine = bytes == 0 ? TLS_AGAIN : TLS_OK, result = fine;
	unsigned updates = 0;
	size_t n;

	for (; updates < 1000 && result == fine; updates++) {
		update_key(r);
		if (bytes > 0)
			assert_int_equal(SSL_write(r->ssl, sent, bytes), bytes);
		result = tls_read(r->t, got, READ_SIZE, &n);
	}
	assert_int_equal(result, TLS_BAD);
	return updates;
}

static void
a_flood_of_key_updates_is_bad(void **state)
{
	struct rogue r = friendly_rogue(TLS_SERVER);

	(void)state;
	assert_in_range(updates_borne(&r, 0), 20, 50);
	assert_why(r.t, "too many messages");
	rogue_free(&r);
}

/* Others have their turn between those that are none. */
static void
many_key_updates_are_dealt_with_little_by_little(void **state)
{
	struct rogue r = friendly_rogue(TLS_SERVER);
	size_t n;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		for (unsigned k = 0; k < 30; k++)
			update_key(&r);
		assert_int_equal(SSL_write(r.ssl, "x", 1), 1);
	}
	for (unsigned reads = 0; reads < 6; reads++) {
		assert_int_equal(tls_read(r.t, got, READ_SIZE, &n), TLS_OK);
		assert_int_equal(n, 1);
	}
	assert_int_equal(tls_read(r.t, got, READ_SIZE, &n), TLS_AGAIN);
	rogue_free(&r);
}

/* Each 4096 bytes pay for one, however small the pieces. */
static void
a_byte_of_data_now_and_then_does_not_make_a_flood_none(void **state)
{
	static const struct { int bytes; unsigned borne; } c[] = { { 1, 256 }, { 2048, 512 } };

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++) {
		struct rogue r = friendly_rogue(TLS_SERVER);

		assert_in_range(updates_borne(&r, c[i].bytes), c[i].borne, c[i].borne + 4);
		assert_why(r.t, "too many messages for so little data");
		rogue_free(&r);
	}
}

/* Enough data makes them no flood; but who asks for answers has to read them. */
static void
answers_that_nobody_reads_are_bounded(void **state)
{
	struct rogue r = friendly_rogue(TLS_SERVER);
	enum tls_result result = TLS_OK;
	static const uint8_t data[4096];
	size_t n, most = 0;

	(void)state;
	for (unsigned i = 0; i < 20000 && (result == TLS_OK || result == TLS_AGAIN); i++) {
		assert_int_equal(SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_write(r.ssl, data, sizeof(data)), sizeof(data));
		result = tls_read(r.t, got, READ_SIZE, &n);
		most = tls_pending(r.t) > most ? tls_pending(r.t) : most;
	}
	assert_int_equal(result, TLS_BAD);
	assert_why(r.t, "too many key updates unread");
	assert_in_range(most, 30000, 100000);
	rogue_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_may_be_updated),
		cmocka_unit_test(a_key_is_renewed_before_it_is_worn_out),
		cmocka_unit_test(a_flood_of_key_updates_is_bad),
		cmocka_unit_test(many_key_updates_are_dealt_with_little_by_little),
		cmocka_unit_test(a_byte_of_data_now_and_then_does_not_make_a_flood_none),
		cmocka_unit_test(answers_that_nobody_reads_are_bounded),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
