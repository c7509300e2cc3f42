/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: odd transports, that cut, change or end what they carry. */
#include "tls_help.h"

/* ---- a transport in between ---- */

struct relay {
	struct ends e;
	int client_fd, server_fd;	/* our ends */
	size_t most;			/* bytes at a time */
	size_t limit[2];		/* then an end of file: from the client, from the server */
	size_t passed[2];
	size_t flip[2];			/* the byte whose lowest bit is wrong, from 1; 0: none */
};

static struct relay
relayed(size_t most)
{
	struct relay r = { .most = most, .limit = { SIZE_MAX, SIZE_MAX } };
	int a[2], b[2];

	sockets(a, false);
	sockets(b, false);
	r.client_fd = a[1];
	r.server_fd = b[0];
	r.e = ends_of(client_ctx, a[0], server_ctx, b[1]);
	return r;
}

static void
free_relay(struct relay *r)
{
	free_ends(&r->e);
	close(r->client_fd);
	close(r->server_fd);
}

static void
pass_one_way(struct relay *r, unsigned way, int from, int to)
{
	uint8_t buf[4096];
	size_t left = r->limit[way] - r->passed[way], want = r->most < left ? r->most : left;
	ssize_t n = want == 0 ? 0 : recv(from, buf, want < sizeof(buf) ? want : sizeof(buf), 0);

	if (want == 0)
		shutdown(to, SHUT_WR);
	if (n <= 0)
		return;
	if (r->flip[way] > r->passed[way] && r->flip[way] <= r->passed[way] + (size_t)n)
		buf[r->flip[way] - r->passed[way] - 1] ^= 1;
	r->passed[way] += (size_t)n;
	assert_int_equal(send(to, buf, (size_t)n, MSG_NOSIGNAL), n);
}

static void
pass_both_ways(void *arg)
{
	struct relay *r = arg;

	pass_one_way(r, 0, r->client_fd, r->server_fd);
	pass_one_way(r, 1, r->server_fd, r->client_fd);
}

/* As far as they come; both results. */
static void
shake_hands_over(struct relay *r, enum tls_result *client, enum tls_result *server)
{
	*client = *server = TLS_AGAIN;
	for (unsigned i = 0; i < 20000 && (*client == TLS_AGAIN || *server == TLS_AGAIN); i++) {
		if (*client == TLS_AGAIN)
			*client = tls_handshake(r->e.client);
		if (*server == TLS_AGAIN)
			*server = tls_handshake(r->e.server);
		pass_both_ways(r);
	}
}

static void
one_byte_at_a_time_is_enough(void **state)
{
	struct relay r = relayed(1);
	enum tls_result client, server;

	(void)state;
	shake_hands_over(&r, &client, &server);
	assert_int_equal(client, TLS_OK);
	assert_int_equal(server, TLS_OK);
	assert_int_equal(tls_write(r.e.client, sent, 20000), TLS_OK);
	for (size_t in = 0, n; in < 20000; in += n) {
		enum tls_result result = tls_read(r.e.server, got, READ_SIZE, &n);

		assert_int_equal(result, n > 0 ? TLS_OK : TLS_AGAIN);
		assert_memory_equal(got, sent + in, n);
		pass_both_ways(&r);
	}
	free_relay(&r);
}

static void
any_split_does(void **state)
{
	(void)state;
	for (size_t most = 7; most < 4096; most = most * 5 + 1) {
		struct relay r = relayed(most);
		enum tls_result client, server;

		shake_hands_over(&r, &client, &server);
		assert_int_equal(server, TLS_OK);
		srand((unsigned)most);
		if (most > 1000)
			flow_both_ways(&r.e, pass_both_ways, &r);
		free_relay(&r);
	}
}

/*
 * An end of file at every place of the handshake, in each direction: never an OK,
 * never somebody's fault.
 */
static void
a_handshake_may_end_anywhere(void **state)
{
	struct relay whole = relayed(4096);
	enum tls_result client, server;

	(void)state;
	shake_hands_over(&whole, &client, &server);
	assert_int_equal(server, TLS_OK);
	for (size_t at = 0; at < whole.passed[0]; at += 1 + at % 5) {
		struct relay r = relayed(4096);

		r.limit[0] = at;
		shake_hands_over(&r, &client, &server);
		assert_int_equal(server, TLS_CUT);
		assert_why(r.e.server, "without a word");
		free_relay(&r);
	}
	for (size_t at = 0; at < whole.passed[1]; at += 1 + at % 5) {
		struct relay r = relayed(4096);

		r.limit[1] = at;
		shake_hands_over(&r, &client, &server);
		assert_int_equal(client, TLS_CUT);
		free_relay(&r);
	}
	free_relay(&whole);
}

/* The version in a record's header means nothing, so it may be OK all the same. */
static void
a_flipped_bit_in_a_handshake_deceives_nobody(void **state)
{
	struct relay whole = relayed(4096);
	enum tls_result client, server;
	unsigned ok = 0;

	(void)state;
	shake_hands_over(&whole, &client, &server);
	for (size_t way = 0; way < 2; way++) {
		for (size_t at = 1; at <= whole.passed[way]; at += 1 + at % 5) {
			struct relay r = relayed(4096);

			r.flip[way] = at;
			r.limit[0] = r.limit[1] = 20000;
			shake_hands_over(&r, &client, &server);
			if (client == TLS_OK)
				assert_string_equal(tls_peer_id(r.e.client), identity_id(other));
			if (server == TLS_OK)
				assert_string_equal(tls_peer_id(r.e.server), identity_id(ed25519));
			ok += client == TLS_OK && server == TLS_OK;
			free_relay(&r);
		}
	}
	assert_in_range(ok, 0, 20);
	free_relay(&whole);
}

static void
a_flipped_bit_later_is_bad(void **state)
{
	struct relay r = relayed(4096);
	enum tls_result client, server;
	size_t n;

	(void)state;
	shake_hands_over(&r, &client, &server);
	assert_int_equal(server, TLS_OK);
	assert_int_equal(say(r.e.client, "hello"), TLS_OK);
	r.flip[0] = r.passed[0] + 9;
	pass_both_ways(&r);
	assert_int_equal(tls_read(r.e.server, got, READ_SIZE, &n), TLS_BAD);
	assert_why(r.e.server, "bad record mac");
	pass_both_ways(&r);
	assert_int_equal(tls_read(r.e.client, got, READ_SIZE, &n), TLS_BAD);
	assert_why(r.e.client, "peer refused us: bad record mac");
	assert_int_equal(tls_read(r.e.client, got, READ_SIZE, &n), TLS_BAD);	/* for good */
	free_relay(&r);
}

/* ---- ends ---- */

static void
an_orderly_end_is_told_from_a_cut(void **state)
{
	struct ends a = connected(), b = connected();
	size_t n;

	(void)state;
	assert_int_equal(say(a.client, "bye"), TLS_OK);
	tls_goodbye(a.client);
	tls_goodbye(a.client);
	shutdown(a.client_fd, SHUT_WR);
	assert_int_equal(tls_read(a.server, got, READ_SIZE, &n), TLS_OK);
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tls_read(a.server, got, READ_SIZE, &n), TLS_EOF);
	assert_int_equal(say(a.server, "still here"), TLS_OK);		/* half-closed */
	assert_reads(a.client, "still here");
	assert_int_equal(say(b.client, "bye"), TLS_OK);
	shutdown(b.client_fd, SHUT_WR);
	assert_int_equal(tls_read(b.server, got, READ_SIZE, &n), TLS_OK);
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < 2; i++) {
		errno = EIO;
		assert_int_equal(tls_read(b.server, got, READ_SIZE, &n), TLS_CUT);
		assert_int_equal(errno, 0);
		assert_int_equal(n, 0);
	}
	assert_why(b.server, "without a word");
	free_ends(&a);
	free_ends(&b);
}

static void
a_reset_is_a_cut_with_its_errno(void **state)
{
	struct ends e;
	int fd[2];
	size_t n;

	(void)state;
	tcp_pair(fd);
	e = ends_of(client_ctx, fd[0], server_ctx, fd[1]);
	shake_hands(&e);
	assert_int_equal(setsockopt(e.client_fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
	    sizeof(struct linger)), 0);
	close(e.client_fd);
	e.client_fd = -1;
	assert_int_equal(poll(&(struct pollfd){ .fd = e.server_fd, .events = POLLIN }, 1, 1000), 1);
	errno = 0;
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_CUT);
	assert_int_equal(errno, ECONNRESET);
	assert_why(e.server, "reset");
	errno = 0;
	assert_int_equal(say(e.server, "hello"), TLS_CUT);
	assert_int_equal(errno, EPIPE);
	free_ends(&e);
}

static void
sending_to_nobody_is_a_cut(void **state)
{
	struct ends e = connected();
	size_t n;

	(void)state;
	assert_int_equal(say(e.client, "last words"), TLS_OK);
	close(e.client_fd);
	e.client_fd = -1;
	assert_int_equal(tls_write(e.server, sent, sizeof(sent)), TLS_CUT);
	assert_int_equal(errno, EPIPE);
	assert_why(e.server, "Broken pipe");
	assert_int_equal(tls_pending(e.server), 0);
	/* are heard all the same */
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_OK);
	assert_int_equal(n, 10);
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_CUT);
	tls_goodbye(e.server);
	free_ends(&e);
}

static void
a_goodbye_before_the_handshake_is_nothing(void **state)
{
	struct ends e = two_ends(client_ctx, server_ctx, false);

	(void)state;
	tls_goodbye(e.client);
	tls_goodbye(e.server);
	assert_int_equal(recv(e.server_fd, got, 1, 0), -1);
	tls_drop(NULL);
	free_ends(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_at_a_time_is_enough),
		cmocka_unit_test(any_split_does),
		cmocka_unit_test(a_handshake_may_end_anywhere),
		cmocka_unit_test(a_flipped_bit_in_a_handshake_deceives_nobody),
		cmocka_unit_test(a_flipped_bit_later_is_bad),
		cmocka_unit_test(an_orderly_end_is_told_from_a_cut),
		cmocka_unit_test(a_reset_is_a_cut_with_its_errno),
		cmocka_unit_test(sending_to_nobody_is_a_cut),
		cmocka_unit_test(a_goodbye_before_the_handshake_is_nothing),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
