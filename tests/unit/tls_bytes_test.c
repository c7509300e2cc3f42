/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: two ends that understand each other, and sockets that are full. */
#include "tls_help.h"

/* ---- a write that fails with its record made already: defined here, before OpenSSL's ---- */

static bool writes_fail;

int
SSL_write_ex(SSL *ssl, const void *buf, size_t len, size_t *written)
{
	int n = SSL_write(ssl, buf, (int)len);

	*written = n > 0 ? (size_t)n : 0;
	return n > 0 && !writes_fail;
}

/* ---- a kernel that takes less than it is given: defined here, before libc's ---- */

static size_t taken_at_once = SIZE_MAX;

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	return sendto(fd, bytes, len < taken_at_once ? len : taken_at_once, flags, NULL, 0);
}

/* ---- two that understand each other ---- */

static void
both_ends_learn_each_others_id(void **state)
{
	struct tls_context *client[] = { client_ctx, p256_client_ctx },
	    *server[] = { server_ctx, p256_server_ctx };
	const struct identity *client_me[] = { ed25519, p256 }, *server_me[] = { other, p256 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct ends e = two_ends(client[i / 2], server[i % 2], false);

		shake_hands(&e);
		assert_string_equal(tls_peer_id(e.client), identity_id(server_me[i % 2]));
		assert_string_equal(tls_peer_id(e.server), identity_id(client_me[i / 2]));
		free_ends(&e);
	}
}

static const char *
expects_another(void *arg, const char *id)
{
	*(const char **)arg = id;
	return strcmp(id, identity_id(p256)) == 0 ? NULL : "it is another";
}

static void
a_server_with_another_key_learns_nothing_of_the_client(void **state)
{
	struct ends e = two_ends(client_ctx, server_ctx, false);
	enum tls_result c = TLS_AGAIN, s = TLS_AGAIN;
	const char *asked = NULL;

	(void)state;
	tls_expect(e.client, expects_another, &asked);
	for (unsigned i = 0; i < ROUNDS && (c == TLS_AGAIN || s == TLS_AGAIN); i++) {
		c = c == TLS_AGAIN ? tls_handshake(e.client) : c;
		s = s == TLS_AGAIN ? tls_handshake(e.server) : s;
	}
	assert_int_equal(c, TLS_BAD);
	assert_why(e.client, "it is another");
	assert_string_equal(asked, identity_id(other));
	assert_int_equal(s, TLS_BAD);
	assert_string_equal(tls_peer_id(e.server), "");
	free_ends(&e);

	e = two_ends(client_ctx, p256_server_ctx, false);
	tls_expect(e.client, expects_another, &asked);
	shake_hands(&e);
	free_ends(&e);
}

static void
words_go_both_ways(void **state)
{
	struct ends e = connected();

	(void)state;
	assert_int_equal(say(e.client, "hello"), TLS_OK);
	assert_int_equal(say(e.client, ", you"), TLS_OK);
	assert_reads(e.server, "hello, you");
	assert_int_equal(say(e.server, "and you"), TLS_OK);
	assert_reads(e.client, "and you");
	assert_reads(e.client, "");
	free_ends(&e);
}

static void
the_clients_first_words_may_come_with_its_last_flight(void **state)
{
	struct ends e = two_ends(client_ctx, server_ctx, false);
	enum tls_result result;

	(void)state;
	assert_int_equal(tls_handshake(e.client), TLS_AGAIN);
	assert_int_equal(tls_handshake(e.server), TLS_AGAIN);
	assert_int_equal(tls_handshake(e.client), TLS_OK);
	/* far more than a handshake may have */
	assert_int_equal(tls_write(e.client, sent, 100000), TLS_OK);
	assert_int_equal(tls_handshake(e.server), TLS_OK);
	assert_int_equal(read_all(e.server, got, sizeof(got), &result), 100000);
	assert_int_equal(result, TLS_AGAIN);
	assert_memory_equal(got, sent, 100000);
	free_ends(&e);
}

static void
bytes_arrive_as_sent_whatever_the_sizes(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		struct ends e = two_ends(client_ctx, server_ctx, round % 2 == 0);

		srand(round);
		shake_hands(&e);
		taken_at_once = round < 2 ? SIZE_MAX : 3000;
		flow_both_ways(&e, NULL, NULL);
		taken_at_once = SIZE_MAX;
		free_ends(&e);
	}
}

static void
a_megabyte_at_once_arrives(void **state)
{
	struct ends e = connected();
	enum tls_result r, w = tls_write(e.client, sent, sizeof(sent));
	size_t in = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS && in < sizeof(sent); i++) {
		in += read_all(e.server, got + in, sizeof(got) - in, &r);
		assert_int_equal(r, TLS_AGAIN);
		if (w == TLS_AGAIN)
			w = tls_flush(e.client);
	}
	assert_int_equal(w, TLS_OK);
	assert_int_equal(in, sizeof(sent));
	assert_memory_equal(got, sent, in);
	free_ends(&e);
}

/* ---- sockets that are full ---- */

static void
a_stalled_reader_leaves_a_bounded_rest(void **state)
{
	struct ends e = two_ends(client_ctx, server_ctx, true);
	enum tls_result r, w = TLS_AGAIN;
	size_t in = 0, rest;

	(void)state;
	shake_hands(&e);
	assert_int_equal(tls_write(e.client, sent, sizeof(sent)), TLS_AGAIN);
	rest = tls_pending(e.client);
	assert_in_range(rest, sizeof(sent) / 2, sizeof(sent) + sizeof(sent) / 256);
	assert_int_equal(tls_flush(e.client), TLS_AGAIN);
	assert_int_equal(tls_pending(e.client), rest);
	for (unsigned i = 0; i < ROUNDS && w == TLS_AGAIN; i++) {
		in += read_all(e.server, got + in, sizeof(got) - in, &r);
		assert_int_equal(r, TLS_AGAIN);
		w = tls_flush(e.client);
	}
	assert_int_equal(w, TLS_OK);
	assert_int_equal(tls_pending(e.client), 0);
	in += read_all(e.server, got + in, sizeof(got) - in, &r);
	assert_int_equal(in, sizeof(sent));
	assert_memory_equal(got, sent, in);
	free_ends(&e);
}

/* Reads what comes until no more than this waits to be sent; how much it was in all. */
static size_t
drain_to(struct ends *e, size_t pending, size_t in)
{
	enum tls_result r;

	for (unsigned i = 0; i < ROUNDS && tls_pending(e->client) > pending; i++) {
		in += read_all(e->server, got + in, sizeof(got) - in, &r);
		(void)tls_flush(e->client);
	}
	return in + read_all(e->server, got + in, sizeof(got) - in, &r);
}

/* A connection's rest may be the shared buffer, and is not any more once something was added. */
static void
a_rest_that_grew_is_no_buffer_to_share(void **state)
{
	struct ends e = two_ends(client_ctx, server_ctx, true);
	struct ends another = two_ends(client_ctx, server_ctx, true);
	size_t in, n = 16 * TLS_RECORD_MAX;

	(void)state;
	shake_hands(&e);
	shake_hands(&another);
	assert_int_equal(tls_write(e.client, sent, n), TLS_AGAIN);
	in = drain_to(&e, 16384, 0);
	assert_int_equal(tls_write(e.client, sent + n, 100), TLS_AGAIN);
	assert_int_equal(tls_write(another.client, sent, n), TLS_AGAIN);
	in = drain_to(&e, 0, in);
	(void)tls_write(e.client, sent + n + 100, n);
	in = drain_to(&e, 0, in);
	assert_int_equal(in, 2 * n + 100);
	assert_memory_equal(got, sent, in);
	free_ends(&e);
	free_ends(&another);
}

/* They share buffers, and nothing else. */
static void
stalled_connections_do_not_mix(void **state)
{
	struct ends e[3];
	size_t in[COUNT(e)] = { 0 }, done = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(e); i++) {
		e[i] = two_ends(client_ctx, server_ctx, true);
		shake_hands(&e[i]);
	}
	/* the second write comes on top of the first one's rest */
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(e); i++)
			assert_int_equal(tls_write(e[i].client, sent + i * 1000 + round * 100000,
			    100000), TLS_AGAIN);
	for (unsigned k = 0; k < ROUNDS && done < COUNT(e) * 200000; k++) {
		size_t i = k % COUNT(e), n;

		if (tls_read(e[i].server, got, READ_SIZE, &n) == TLS_OK) {
			assert_memory_equal(got, sent + i * 1000 + in[i], n);
			in[i] += n;
			done += n;
		}
		tls_flush(e[i].client);
	}
	assert_int_equal(done, COUNT(e) * 200000);
	for (size_t i = 0; i < COUNT(e); i++)
		free_ends(&e[i]);
}

static void
tiny_records_take_several_turns(void **state)
{
	struct ends e = connected();
	size_t n, in = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		/* many small messages fill a socket soon */
		if (tls_write(e.client, sent + i, 1) == TLS_AGAIN)
			break;
		else
			in++;
	assert_true(in > 100);
	for (size_t had = 0; had < in; had += n) {
		assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_OK);
		assert_in_range(n, 1, 64);
		assert_memory_equal(got, sent + had, n);
	}
	free_ends(&e);
}

/* What an edge-triggered loop lives on. */
static void
an_empty_socket_is_told_and_nothing_is_left_behind(void **state)
{
	struct ends e = connected();
	size_t n, in = 0;

	(void)state;
	assert_int_equal(tls_write(e.client, sent, 60000), TLS_OK);
	for (; in < 60000; in += n) {
		assert_int_equal(tls_read(e.server, got, 2 * TLS_RECORD_MAX, &n), TLS_OK);
		/* the last one's room is too small to be sure */
		assert_false(tls_drained(e.server));
	}
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_AGAIN);
	assert_true(tls_drained(e.server));
	assert_int_equal(say(e.client, "hello"), TLS_OK);
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_OK);
	assert_true(tls_drained(e.server));
	assert_int_equal(poll(&(struct pollfd){ .fd = e.server_fd, .events = POLLIN }, 1, 0), 0);
	free_ends(&e);
}

/*
 * What was gathered for the one that fails is no business of the next one, whose buffer it is too.
 */
static void
a_write_that_fails_leaves_nothing_to_another_connection(void **state)
{
	struct ends e = connected(), next = connected();

	(void)state;
	writes_fail = true;
	assert_int_equal(say(e.client, "hello"), TLS_BAD);
	writes_fail = false;
	assert_int_equal(say(next.client, "hello"), TLS_OK);
	assert_reads(next.server, "hello");
	free_ends(&e);
	free_ends(&next);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_learn_each_others_id),
		cmocka_unit_test(a_server_with_another_key_learns_nothing_of_the_client),
		cmocka_unit_test(words_go_both_ways),
		cmocka_unit_test(the_clients_first_words_may_come_with_its_last_flight),
		cmocka_unit_test(bytes_arrive_as_sent_whatever_the_sizes),
		cmocka_unit_test(a_megabyte_at_once_arrives),
		cmocka_unit_test(a_stalled_reader_leaves_a_bounded_rest),
		cmocka_unit_test(a_rest_that_grew_is_no_buffer_to_share),
		cmocka_unit_test(stalled_connections_do_not_mix),
		cmocka_unit_test(tiny_records_take_several_turns),
		cmocka_unit_test(an_empty_socket_is_told_and_nothing_is_left_behind),
		cmocka_unit_test(a_write_that_fails_leaves_nothing_to_another_connection),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
