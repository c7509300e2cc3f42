/* SPDX-License-Identifier: ISC */
/* Tests of lib/tls.c: both ends of a connection in one thread, odd transports, and peers that OpenSSL plays as they should not be. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROUNDS 100000u		/* turns after which a test that gets nowhere fails */
#define READ_SIZE 65536u

static struct identity *ed25519, *other, *p256;
static struct tls_context *client_ctx, *server_ctx, *p256_client_ctx, *p256_server_ctx;
static uint8_t sent[1u << 20], got[1u << 20];

/* ---- both ends ---- */

struct ends {
	struct tls *client, *server;
	int client_fd, server_fd;
};

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

static int
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

static int
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

/* A connected pair of non-blocking sockets; small: buffers as small as the kernel lets them be. */
static void
sockets(int fd[2], bool small)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	for (unsigned i = 0; small && i < 2; i++) {
		assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int)), 0);
		assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int)), 0);
	}
}

static struct ends
ends_of(struct tls_context *client, int client_fd, struct tls_context *server, int server_fd)
{
	struct ends e = { .client_fd = client_fd, .server_fd = server_fd };

	e.client = tls_new(client, client_fd, "tunnel.example.com");
	e.server = tls_new(server, server_fd, NULL);
	assert_non_null(e.client);
	assert_non_null(e.server);
	return e;
}

static struct ends
two_ends(struct tls_context *client, struct tls_context *server, bool small)
{
	int fd[2];

	sockets(fd, small);
	return ends_of(client, fd[0], server, fd[1]);
}

static void
free_ends(struct ends *e)
{
	tls_free(e->client);
	tls_free(e->server);
	close(e->client_fd);
	close(e->server_fd);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
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

static struct ends
connected(void)
{
	struct ends e = two_ends(client_ctx, server_ctx, false);

	shake_hands(&e);
	return e;
}

/* Reads until the socket is empty; the bytes. Anything but an empty socket shows in *result. */
static size_t
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

static void
assert_reads(struct tls *t, const char *text)
{
	enum tls_result result;
	size_t len = read_all(t, got, sizeof(got), &result);

	assert_int_equal(result, TLS_AGAIN);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(got, text, len);
}

static enum tls_result
say(struct tls *t, const char *text)
{
	return tls_write(t, (const uint8_t *)text, strlen(text));
}

static void
assert_why(const struct tls *t, const char *part)
{
	if (strstr(tls_why(t), part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", tls_why(t), part);
}

/* ---- two that understand each other ---- */

static void
both_ends_learn_each_others_id(void **state)
{
	struct tls_context *client[] = { client_ctx, p256_client_ctx }, *server[] = { server_ctx, p256_server_ctx };
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
	assert_int_equal(tls_write(e.client, sent, 100000), TLS_OK);	/* far more than a handshake may have */
	assert_int_equal(tls_handshake(e.server), TLS_OK);
	assert_int_equal(read_all(e.server, got, sizeof(got), &result), 100000);
	assert_int_equal(result, TLS_AGAIN);
	assert_memory_equal(got, sent, 100000);
	free_ends(&e);
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

static void
flow_both_ways(struct ends *e, void (*between)(void *), void *arg)
{
	struct flow f[2] = { { e->client, e->server, 0, 0 }, { e->server, e->client, 0, 0 } };

	for (unsigned i = 0; i < ROUNDS && (f[0].in < sizeof(sent) || f[1].in < sizeof(sent)); i++) {
		flow_step(&f[rand() % 2]);
		if (between != NULL)
			between(arg);
	}
	assert_int_equal(f[0].in, sizeof(sent));
	assert_int_equal(f[1].in, sizeof(sent));
}

static void
bytes_arrive_as_sent_whatever_the_sizes(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		struct ends e = two_ends(client_ctx, server_ctx, round % 2 == 0);

		srand(round);
		shake_hands(&e);
		flow_both_ways(&e, NULL, NULL);
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

/* ---- a transport in between ---- */

struct relay {
	struct ends e;
	int client_fd, server_fd;	/* our ends */
	size_t most;			/* bytes at a time */
	size_t limit[2];		/* then an end of file: from the client, from the server */
	size_t passed[2];
	size_t flip[2];			/* the number of the byte whose lowest bit is wrong, from 1; 0: none */
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

/* An end of file at every place of the handshake, in each direction: never an OK, never somebody's fault. */
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
	for (size_t round = 0; round < 2; round++)		/* the second write comes on top of the first one's rest */
		for (size_t i = 0; i < COUNT(e); i++)
			assert_int_equal(tls_write(e[i].client, sent + i * 1000 + round * 100000, 100000), TLS_AGAIN);
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
	size_t n, calls = 0, in = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		if (tls_write(e.client, sent + i, 1) == TLS_AGAIN)	/* many small messages fill a socket soon */
			break;
		else
			in++;
	assert_true(in > 100);
	for (size_t had = 0; had < in; had += n, calls++) {
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
		assert_false(tls_drained(e.server));	/* the last one's room is too small to be sure */
	}
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_AGAIN);
	assert_true(tls_drained(e.server));
	assert_int_equal(say(e.client, "hello"), TLS_OK);
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_OK);
	assert_true(tls_drained(e.server));
	assert_int_equal(poll(&(struct pollfd){ .fd = e.server_fd, .events = POLLIN }, 1, 0), 0);
	free_ends(&e);
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

/* Two connected TCP sockets. */
static void
tcp_sockets(int fd[2])
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int lfd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(lfd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(lfd, 1), 0);
	getsockname(lfd, (struct sockaddr *)&sa, &len);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&sa, len), 0);
	fd[1] = accept(lfd, NULL, NULL);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(fcntl(fd[i], F_SETFL, O_NONBLOCK), 0);
	close(lfd);
}

static void
a_reset_is_a_cut_with_its_errno(void **state)
{
	struct ends e;
	int fd[2];
	size_t n;

	(void)state;
	tcp_sockets(fd);
	e = ends_of(client_ctx, fd[0], server_ctx, fd[1]);
	shake_hands(&e);
	assert_int_equal(setsockopt(e.client_fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)), 0);
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
	assert_int_equal(tls_read(e.server, got, READ_SIZE, &n), TLS_OK);	/* are heard all the same */
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
	tls_free(NULL);
	free_ends(&e);
}

/* ---- peers that OpenSSL plays ---- */

struct rogue {
	SSL_CTX *ctx;
	SSL *ssl;
	struct tls *t;		/* our side */
	int fd, our_fd;
};

struct cert {
	const char *kind;	/* of key, "EC": P-256, "P-384" */
	const char *from, *to;
	size_t comment;		/* bytes */
	bool forged;		/* signed by somebody else */
};

static EVP_PKEY *
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

static X509 *
make_cert(const struct cert *c, EVP_PKEY *key)
{
	X509 *x = X509_new();
	EVP_PKEY *signer = c->forged ? key_of("ED25519") : key;

	X509_set_version(x, X509_VERSION_3);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x), c->from == NULL ? "20200101000000Z" : c->from);
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), c->to == NULL ? "20800101000000Z" : c->to);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"somebody", -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"somebody else", -1, -1, 0);
	X509_set_pubkey(x, key);
	if (c->comment > 0)
		add_comment(x, c->comment);
	assert_true(X509_sign(x, signer, strncmp(EVP_PKEY_get0_type_name(signer), "ED", 2) == 0 ? NULL : EVP_sha256()) > 0);
	if (c->forged)
		EVP_PKEY_free(signer);
	return x;
}

/* The id of the key, when it has one. */
static const char *
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
choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl;
	(void)in;
	(void)in_len;
	(void)arg;
	*out = (const unsigned char *)"h2";
	*out_len = 2;
	return SSL_TLSEXT_ERR_OK;
}

static int
choose_ours(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	choose_h2(ssl, out, out_len, in, in_len, arg);
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

/* One that does everything right, on the other side of ours; prepare() what is to be different, then rogue_start(). */
static struct rogue
rogue_new(enum tls_side ours, const struct cert *c)
{
	struct rogue r = { .ctx = SSL_CTX_new(ours == TLS_SERVER ? TLS_client_method() : TLS_server_method()) };
	int fd[2];

	sockets(fd, false);
	r.fd = fd[0];
	r.our_fd = fd[1];
	r.t = tls_new(ours == TLS_SERVER ? server_ctx : client_ctx, r.our_fd, ours == TLS_SERVER ? NULL : "tunnel.example.com");
	if (c != NULL)
		use_cert(r.ctx, c);
	SSL_CTX_set_alpn_protos(r.ctx, (const unsigned char *)"\x02h2\x05" TLS_ALPN, 9);
	SSL_CTX_set_alpn_select_cb(r.ctx, choose_ours, NULL);
	SSL_CTX_set_cert_verify_callback(r.ctx, believe_all, NULL);
	SSL_CTX_set_verify(r.ctx, SSL_VERIFY_PEER, NULL);
	return r;
}

static void
rogue_start(struct rogue *r)
{
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, r->fd);
	if (r->t != NULL && SSL_is_server(r->ssl))
		SSL_set_accept_state(r->ssl);
	else
		SSL_set_connect_state(r->ssl);
}

/* What our side makes of it; what the rogue was told is the last error of its own. */
static enum tls_result
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

static void
rogue_free(struct rogue *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	tls_free(r->t);
	close(r->fd);
	close(r->our_fd);
	ERR_clear_error();
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

static const struct cert plain = { .kind = "ED25519" }, rsa = { .kind = "RSA" }, p384 = { .kind = "P-384" }, ed448 = { .kind = "ED448" },
    huge = { .kind = "ED25519", .comment = 100000 }, large = { .kind = "ED25519", .comment = 4200 },
    medium = { .kind = "EC", .comment = 3500 };

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
		if (c[i].why != NULL && (result != TLS_BAD || strstr(tls_why(r.t), c[i].why) == NULL))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, result, tls_why(r.t), c[i].why);
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
		{ NULL, no_change, "peer did not return a certificate", SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED },
		{ &rsa, no_change, "peer did not return a certificate", 0 },	/* it can sign nothing we would take */
		{ &p384, no_change, "peer did not return a certificate", 0 },
		{ &ed448, no_change, "peer did not return a certificate", 0 },
		{ &plain, no_alpn, "no common ALPN protocol", SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
		{ &plain, wrong_alpn, "no common ALPN protocol", SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL },
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
	assert_string_equal(SSL_get_servername(r.ssl, TLSEXT_NAMETYPE_host_name), "tunnel.example.com");
	tls_free(s.t);
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
	SSL_CTX_set_cert_verify_callback(r.ctx, NULL, NULL);	/* a chain to somebody it trusts, which there is not */
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
	static const char http[] = "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n", ssh[] = "SSH-2.0-OpenSSH_9.2\r\n",
	    proxy[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const uint8_t nothing[64], big[5 + 16384] = { 22, 3, 1, 0x40, 0, 1, 1, 0x86, 0xa0, 3, 3 };

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

/* ---- key updates ---- */

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
update_key(struct rogue *r)
{
	assert_int_equal(SSL_key_update(r->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	assert_int_equal(SSL_do_handshake(r->ssl), 1);
}

/* How many key updates, each with some bytes of data or none behind it, are borne until the session is ended for them. */
static unsigned
updates_borne(struct rogue *r, int bytes)
{
	enum tls_result fine = bytes == 0 ? TLS_AGAIN : TLS_OK, result = fine;
	unsigned updates = 0;
	size_t n;

	for (; updates < 1000 && result == fine; updates++) {
		update_key(r);
		if (bytes > 0)
			assert_int_equal(SSL_write(r->ssl, "x", bytes), bytes);
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

static void
a_byte_of_data_now_and_then_does_not_make_a_flood_none(void **state)
{
	struct rogue r = friendly_rogue(TLS_SERVER);

	(void)state;
	assert_in_range(updates_borne(&r, 1), 256, 260);
	assert_why(r.t, "too many messages for so little data");
	rogue_free(&r);
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
	assert_in_range(most, 30000, 100000);
	rogue_free(&r);
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
		cmocka_unit_test(one_byte_at_a_time_is_enough),
		cmocka_unit_test(any_split_does),
		cmocka_unit_test(a_handshake_may_end_anywhere),
		cmocka_unit_test(a_flipped_bit_in_a_handshake_deceives_nobody),
		cmocka_unit_test(a_flipped_bit_later_is_bad),
		cmocka_unit_test(a_stalled_reader_leaves_a_bounded_rest),
		cmocka_unit_test(stalled_connections_do_not_mix),
		cmocka_unit_test(tiny_records_take_several_turns),
		cmocka_unit_test(an_empty_socket_is_told_and_nothing_is_left_behind),
		cmocka_unit_test(an_orderly_end_is_told_from_a_cut),
		cmocka_unit_test(a_reset_is_a_cut_with_its_errno),
		cmocka_unit_test(sending_to_nobody_is_a_cut),
		cmocka_unit_test(a_goodbye_before_the_handshake_is_nothing),
		cmocka_unit_test(a_server_refuses_clients_it_cannot_know),
		cmocka_unit_test(a_client_refuses_servers_it_cannot_know),
		cmocka_unit_test(only_the_key_of_a_certificate_counts),
		cmocka_unit_test(the_server_is_asked_for_by_name_when_there_is_one),
		cmocka_unit_test(no_session_is_there_to_resume),
		cmocka_unit_test(a_refusal_after_our_part_is_told),
		cmocka_unit_test(other_protocols_get_no_further),
		cmocka_unit_test(a_flood_before_the_end_of_the_handshake_is_bad),
		cmocka_unit_test(one_connections_error_is_not_anothers),
		cmocka_unit_test(keys_may_be_updated),
		cmocka_unit_test(a_flood_of_key_updates_is_bad),
		cmocka_unit_test(a_byte_of_data_now_and_then_does_not_make_a_flood_none),
		cmocka_unit_test(many_key_updates_are_dealt_with_little_by_little),
		cmocka_unit_test(answers_that_nobody_reads_are_bounded),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
