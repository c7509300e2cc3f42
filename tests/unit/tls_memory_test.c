/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: a connection ends where OpenSSL finds no memory, and no other one. */
#include "tls_help.h"
#include "tls_starve.h"

static struct ends e;

static enum tls_result
step(struct tls *t, bool *going)
{
	enum tls_result result = *going ? tls_handshake(t) : TLS_BAD;

	if (*going && tls_pending(t) > 0)
		tls_flush(t);
	*going = result == TLS_AGAIN;
	return result;
}

/* Both do what they can; an end that failed is closed, as its owner would. */
static bool
try_to_shake_hands(void)
{
	enum tls_result c = TLS_AGAIN, s = TLS_AGAIN;
	bool client = e.client != NULL, server = e.server != NULL;

	for (unsigned i = 0; i < 20 && (client || server); i++) {
		if (client && (c = step(e.client, &client)) >= TLS_EOF)
			shutdown(e.client_fd, SHUT_RDWR);
		if (server && (s = step(e.server, &server)) >= TLS_EOF)
			shutdown(e.server_fd, SHUT_RDWR);
	}
	return c == TLS_OK && s == TLS_OK;
}

static void
try_to_talk(void)
{
	static uint8_t buf[READ_SIZE];
	size_t n;

	if (tls_write(e.client, sent, 50000) <= TLS_AGAIN)
		(void)tls_read(e.server, buf, sizeof(buf), &n);
	if (tls_write(e.server, sent, 10) <= TLS_AGAIN)
		(void)tls_read(e.client, buf, sizeof(buf), &n);
	tls_goodbye(e.client);
	(void)tls_read(e.server, buf, sizeof(buf), &n);
}

/*
 * Where the other side's key can't be looked at it is not called bad,
 * nor the other side said to have refused.
 */
static void
assert_no_blame(const struct tls *t)
{
	if (t != NULL && (strstr(tls_why(t), "neither Ed25519") != NULL ||
	    strstr(tls_why(t), "us: unknown") != NULL ||
	    strstr(tls_why(t), "malloc failure") != NULL))
		fail_msg("%s", tls_why(t));
}

static void
live_starving(long after, bool ever)
{
	int fd[2];

	sockets(fd, false);
	e = (struct ends){ .client_fd = fd[0], .server_fd = fd[1] };
	starve(after, ever);
	e.client = tls_new(client_ctx, e.client_fd, "tunnel.example.com");
	e.server = tls_new(server_ctx, e.server_fd, NULL);
	if (e.client == NULL)
		shutdown(e.client_fd, SHUT_RDWR);
	if (e.server == NULL)
		shutdown(e.server_fd, SHUT_RDWR);
	if (try_to_shake_hands())
		try_to_talk();
	feed();
	assert_no_blame(e.client);
	assert_no_blame(e.server);
	free_ends(&e);
}

static void
live_with_ever_more_memory(bool ever)
{
	long after = 0;

	do {
		live_starving(after, ever);
		after = starve_later(after);
	} while (starved);
	assert_true(after > 100);
	e = connected();
	assert_int_equal(say(e.client, "still here"), TLS_OK);
	assert_reads(e.server, "still here");
	free_ends(&e);
}

static void
a_connection_without_memory_ends_and_nothing_else_does(void **state)
{
	(void)state;
	live_with_ever_more_memory(false);
}

static void
even_where_it_lasts(void **state)
{
	(void)state;
	live_with_ever_more_memory(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_without_memory_ends_and_nothing_else_does),
		cmocka_unit_test(even_where_it_lasts),
	};

	return make_memory_scarce() ?
	    cmocka_run_group_tests(tests, make_contexts, free_contexts) : 1;
}
