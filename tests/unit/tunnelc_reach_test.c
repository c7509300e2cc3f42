/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/reach.c: addresses of a name in a race, an HTTP proxy on the way, giving up in every state. */
#include <sys/resource.h>

#include "../../tunnelc/tunnelc.h"
#include "dns_help.h"

#define TIMEOUT_MS 2000

static struct resolver *resolver;
static struct ev_io io;
static struct reach *under_way;
static enum reach_result result;
static char why[256];
static int dones;
static unsigned events_after;

static void
on_io(struct ev_io *changed, unsigned events)
{
	assert_ptr_equal(changed, &io);
	if (under_way != NULL)
		reach_on_io(under_way, events);
	else
		events_after |= events;
}

static void
on_done(void *arg, enum reach_result r, const char *reason)
{
	assert_ptr_equal(arg, &dones);
	assert_non_null(under_way);	/* so not from inside reach_start() */
	under_way = NULL;
	result = r;
	assert_true((r == REACH_OK) == (reason == NULL));
	snprintf(why, sizeof(why), "%s", reason == NULL ? "" : reason);
	dones++;
}

static int
setup(void **state)
{
	make_loop(state);
	queries = 0;
	at_once = NULL;
	dones = 0;
	under_way = NULL;
	io = (struct ev_io){ -1, on_io };
	resolver = resolver_new(loop);
	return resolver == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	if (io.fd != -1)
		close(io.fd);
	resolver_free(resolver);
	return free_loop(state);
}

#define reach_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static bool
is_done(void)
{
	return under_way == NULL;
}

static void
begin_through(const char *server, const char *proxy)
{
	char *copy = strdup(server), *proxy_copy = proxy == NULL ? NULL : strdup(proxy);

	ev_refresh(loop);
	events_after = 0;
	under_way = reach_start(loop, resolver, copy, proxy_copy, TIMEOUT_MS, &io, on_done, &dones);
	assert_non_null(under_way);
	assert_int_equal(dones, 0);
	free(copy);
	free(proxy_copy);
}

static void
begin(const char *server)
{
	begin_through(server, NULL);
}

static void
expect_reached(void)
{
	run_until(is_done);
	assert_int_equal(dones, 1);
	dones = 0;
	assert_string_equal(why, "");
	assert_int_equal(result, REACH_OK);
	assert_int_equal(sock_error(io.fd), 0);
	run_turn();
	assert_true(events_after & EV_WRITE);	/* the new owner is told, whatever was told before */
}

static void
expect_failed(const char *reason)
{
	run_until(is_done);
	assert_int_equal(dones, 1);
	dones = 0;
	assert_int_equal(result, REACH_FAILED);
	assert_string_equal(why, reason);
	assert_int_equal(io.fd, -1);
}

static void
hang_up(void)
{
	close(io.fd);
	io.fd = -1;
}

static void
reached_at(const char *ip)
{
	struct endpoint peer, want;

	sock_peer(io.fd, &peer);
	assert_true(endpoint_parse_ip(slice_str(ip), &want));
	assert_memory_equal(peer.ip, want.ip, sizeof(want.ip));
}

static void
turns(int n)
{
	while (n-- > 0)
		run_turn();
}

/* ---- places to reach: 127.0.0.1, 127.0.0.2, ::1 on one port ---- */

struct place {
	int lfd;		/* -1: nobody listens */
	char text[64], by_name[64];
	unsigned port;
};

static struct place
place_at(const char *ip, unsigned port)
{
	struct place p;
	struct endpoint e;

	snprintf(p.text, sizeof(p.text), "%s:%u", ip, port);
	p.lfd = listen_on(p.text);
	sock_local(p.lfd, &e);
	p.port = e.port;
	snprintf(p.text, sizeof(p.text), "%s:%u", ip, p.port);
	snprintf(p.by_name, sizeof(p.by_name), "tunnel.example:%u", p.port);
	return p;
}

static void
leaves(struct place *p)
{
	close(p->lfd);
	p->lfd = -1;
}

/* It lets nobody in any more: its backlog is full, so SYNs are dropped. */
static void
goes_deaf(const struct place *p, int filler[2])
{
	struct addr a = address(p->text, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);

	assert_int_equal(listen(p->lfd, 0), 0);
	for (int i = 0; i < 2; i++)
		sock_connect(&sa, len, false, &filler[i]);
	await(filler[0], POLLOUT);
}

static void
close_deaf(struct place *p, const int filler[2])
{
	close(p->lfd);
	close(filler[0]);
	close(filler[1]);
}

static int
visitors(const struct place *p)
{
	struct endpoint peer;
	int n = 0, fd;

	while (sock_accept(p->lfd, &fd, &peer) == SOCK_ACCEPTED) {
		close(fd);
		n++;
	}
	return n;
}

/* ---- addresses ---- */

static void
an_address_needs_no_look_up(void **state)
{
	struct place v4 = place_at("127.0.0.1", 0), v6 = place_at("[::1]", 0);

	(void)state;
	begin(v4.text);
	expect_reached();
	reached_at("127.0.0.1");
	hang_up();
	begin(v6.text);
	expect_reached();
	reached_at("::1");
	assert_int_equal(queries, 0);
	leaves(&v4);
	leaves(&v6);
}

static void
a_unix_socket_is_reached_too(void **state)
{
	char text[64];
	int lfd;

	(void)state;
	snprintf(text, sizeof(text), "unix:@tcproute-reach-%d", (int)getpid());
	begin(text);
	expect_failed("unix: Connection refused");
	lfd = listen_on(text);
	begin(text);
	expect_reached();
	close(lfd);
}

static void
what_came_at_once_is_not_lost_on_the_new_owner(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	struct endpoint peer;
	int fd;

	(void)state;
	begin(p.text);
	await(p.lfd, POLLIN);
	assert_int_equal(sock_accept(p.lfd, &fd, &peer), SOCK_ACCEPTED);
	assert_int_equal(write(fd, "x", 1), 1);
	expect_reached();
	assert_true(events_after & EV_READ);
	close(fd);
	leaves(&p);
}

static void
families_take_turns_and_v6_comes_first(void **state)
{
	struct place p = place_at("127.0.0.1", 0), v6 = place_at("[::1]", p.port);

	(void)state;
	begin(p.by_name);
	assert_int_equal(queries, 1);
	assert_string_equal(query[0].name, "tunnel.example");
	dns_answers(0, "127.0.0.1 ::1", 60);
	expect_reached();
	reached_at("::1");
	assert_int_equal(visitors(&p), 0);
	leaves(&p);
	leaves(&v6);
}

/* With v6 first, the order tried is ::1, .2, (no v6 left) .3, .4 */
static void
one_family_that_ends_leaves_its_turns_to_the_other(void **state)
{
	struct place p = place_at("127.0.0.4", 0);

	(void)state;
	begin(p.by_name);
	dns_answers(0, "127.0.0.2 127.0.0.3 ::1 127.0.0.4", 60);
	expect_reached();
	reached_at("127.0.0.4");
	leaves(&p);
}

static void
an_address_that_refuses_makes_room_at_once(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	begin(p.by_name);
	dns_answers(0, "::1 127.0.0.1", 60);
	expect_reached();		/* the clock stands still but for some milliseconds */
	reached_at("127.0.0.1");
	leaves(&p);
}

static void
an_address_that_does_not_answer_is_joined_after_250_ms(void **state)
{
	struct place deaf = place_at("127.0.0.2", 0), p = place_at("127.0.0.1", deaf.port);
	int filler[2], before;

	(void)state;
	goes_deaf(&deaf, filler);
	before = open_fds();
	begin(p.by_name);
	dns_answers(0, "127.0.0.2 127.0.0.1", 60);
	turns(3);
	skip_ms(200);
	turns(3);
	assert_int_equal(open_fds(), before + 1);
	skip_ms(51);
	turns(3);
	assert_true(is_done() || open_fds() == before + 2);
	expect_reached();
	reached_at("127.0.0.1");
	assert_int_equal(open_fds(), before + 1);	/* the loser is closed */
	close_deaf(&deaf, filler);
	leaves(&p);
}

static void
a_slow_address_may_still_win(void **state)
{
	struct place slow = place_at("127.0.0.2", 0), deaf = place_at("127.0.0.1", slow.port);
	int filler[2], filler2[2];
	struct endpoint peer;
	int fd;

	(void)state;
	goes_deaf(&slow, filler);
	goes_deaf(&deaf, filler2);
	begin(slow.by_name);
	dns_answers(0, "127.0.0.2 127.0.0.1", 60);
	turns(3);
	skip_ms(251);
	turns(3);			/* both are under way now */
	for (int i = 0; i < 2; i++)	/* room: the SYN's repetition gets in after a second */
		if (sock_accept(slow.lfd, &fd, &peer) == SOCK_ACCEPTED)
			close(fd);
	run_until(is_done);
	dones = 0;
	assert_int_equal(result, REACH_OK);
	reached_at("127.0.0.2");
	close_deaf(&slow, filler);
	close_deaf(&deaf, filler2);
}

static void
when_all_fail_the_last_reason_is_told(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char reason[128];
	int before;

	(void)state;
	leaves(&p);
	before = open_fds();
	snprintf(reason, sizeof(reason), "127.0.0.2:%u: Connection refused", p.port);
	begin(p.by_name);
	dns_answers(0, "::1 127.0.0.1 127.0.0.2", 60);
	expect_failed(reason);
	assert_int_equal(open_fds(), before);
}

static void
many_addresses_are_tried_one_and_all(void **state)
{
	char all[1024] = "";
	char reason[64];
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	leaves(&p);
	for (int i = 1; i <= 20; i++)
		sprintf(all + strlen(all), "127.0.1.%d ", i);
	all[strlen(all) - 1] = '\0';
	begin(p.by_name);
	dns_answers(0, all, 60);
	snprintf(reason, sizeof(reason), "127.0.1.20:%u: Connection refused", p.port);
	expect_failed(reason);
}

static void
a_name_without_an_address_fails(void **state)
{
	(void)state;
	begin("tunnel.example:443");
	dns_fails(0);
	expect_failed("no address found for the name");
}

static void
an_answer_at_hand_is_told_later_all_the_same(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	at_once = "127.0.0.1";
	begin(p.by_name);
	expect_reached();
	leaves(&p);
}

static void
after_a_failure_dns_is_asked_anew(void **state)
{
	int opened;

	(void)state;
	begin("tunnel.example:1");
	opened = channels_opened;
	dns_answers(0, "127.0.0.1", 60);
	expect_failed("127.0.0.1:1: Connection refused");
	begin("other.example:1");
	assert_int_equal(channels_opened, opened + 1);	/* resolv.conf may be another one by now */
	dns_fails(1);
	expect_failed("no address found for the name");
}

/* ---- deadlines and descriptors ---- */

static void
the_deadline_holds_for_all_attempts_together(void **state)
{
	struct place deaf = place_at("127.0.0.1", 0), deaf2 = place_at("127.0.0.2", deaf.port);
	int filler[2], filler2[2], before;

	(void)state;
	goes_deaf(&deaf, filler);
	goes_deaf(&deaf2, filler2);
	before = open_fds();
	begin(deaf.by_name);
	dns_answers(0, "127.0.0.1 127.0.0.2", 60);
	turns(2);
	skip_ms(1000);
	turns(3);
	assert_int_equal(open_fds(), before + 2);
	skip_ms(TIMEOUT_MS - 1100);
	turns(3);
	assert_int_equal(dones, 0);
	skip_ms(101);
	expect_failed("timed out");
	assert_int_equal(open_fds(), before);
	close_deaf(&deaf, filler);
	close_deaf(&deaf2, filler2);
}

static void
dns_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	(void)state;
	begin("tunnel.example:443");
	turns(2);
	skip_ms(TIMEOUT_MS + 1);
	expect_failed("no answer from DNS");
	dns_answers(0, "127.0.0.1", 60);	/* too late: disturbs nothing */
	turns(3);
	assert_int_equal(dones, 0);
}

static void
running_out_of_descriptors_is_told(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char reason[128];
	struct rlimit old, tight;
	int hole = dup(p.lfd);

	(void)state;
	close(hole);
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)hole;
	setrlimit(RLIMIT_NOFILE, &tight);
	begin(p.text);
	setrlimit(RLIMIT_NOFILE, &old);
	snprintf(reason, sizeof(reason), "%s: Too many open files", p.text);
	expect_failed(reason);
	begin(p.text);
	expect_reached();
	leaves(&p);
}

/* ---- through a proxy ---- */

static struct place proxy;
static int at_proxy;		/* its end of our connection */

/* Begin, and hear at the proxy what is asked of it. */
static void
begin_at_proxy(void)
{
	struct endpoint peer;
	char url[128], request[512];
	size_t used = 0;
	ssize_t n;

	proxy = place_at("127.0.0.1", 0);
	snprintf(url, sizeof(url), "http://%s", proxy.text);
	begin_through("tunnel.example:443", url);
	do	/* it asks at once, and only with that does the handshake's last ACK leave */
		run_turn();
	while (sock_accept(proxy.lfd, &at_proxy, &peer) == SOCK_NONE);
	while (used < 4 || memcmp(request + used - 4, "\r\n\r\n", 4) != 0) {
		run_turn();
		n = read(at_proxy, request + used, sizeof(request) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	request[used] = '\0';
	assert_string_equal(request, "CONNECT tunnel.example:443 HTTP/1.1\r\nHost: tunnel.example:443\r\n\r\n");
	assert_int_equal(queries, 0);		/* the proxy resolves the name */
}

static void
proxy_says(const char *text, size_t len)
{
	assert_int_equal(write(at_proxy, text, len), len);
}

static void
proxy_leaves(void)
{
	close(at_proxy);
	leaves(&proxy);
}

static void
nothing_behind_the_answer_is_lost(const char *answer, size_t piece)
{
	static const char behind[] = "\x16\x03\x01 and more";
	char text[512], got[64];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s%s", answer, behind);

	begin_at_proxy();
	for (size_t at = 0; at < len; at += piece) {
		proxy_says(text + at, at + piece > len ? len - at : piece);
		if (piece < len)
			turns(2);
	}
	if (under_way != NULL)
		run_until(is_done);
	dones = 0;
	assert_string_equal(why, "");
	assert_int_equal(result, REACH_OK);
	run_turn();
	assert_true(events_after & EV_READ);
	assert_int_equal(read(io.fd, got, sizeof(got)), strlen(behind));
	assert_memory_equal(got, behind, strlen(behind));
	hang_up();
	proxy_leaves();
}

static void
a_proxy_is_asked_for_the_server_by_name(void **state)
{
	(void)state;
	begin_at_proxy();
	proxy_says("HTTP/1.1 200 OK\r\n\r\n", 19);
	expect_reached();
	proxy_leaves();
}

static void
an_answer_may_come_in_any_pieces_and_bytes_behind_it_stay(void **state)
{
	static const char *const answer[] = {
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n",
		"HTTP/1.1 299 Whatever\r\nContent-Length: 7\r\nVia: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answer) / sizeof(*answer); i++)
		for (size_t piece = 1; piece <= 81; piece += 8)
			nothing_behind_the_answer_is_lost(answer[i], piece);
}

static void
refused_with(const char *answer, const char *reason)
{
	begin_at_proxy();
	proxy_says(answer, strlen(answer));
	expect_failed(reason);
	proxy_leaves();
}

static void
a_proxy_that_refuses_is_quoted_by_its_status(void **state)
{
	(void)state;
	refused_with("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "the proxy answers 407");
	refused_with("HTTP/1.0 403 Filtered\r\n\r\n<html>", "the proxy answers 403");
	refused_with("HTTP/1.1 503 \r\n\r\n", "the proxy answers 503");
	refused_with("HTTP/1.1 101 Switching Protocols\r\n\r\n", "the proxy answers 101");
	refused_with("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "the proxy answers 301");
}

static void
garbage_is_no_answer(void **state)
{
	(void)state;
	refused_with("SSH-2.0-OpenSSH_9.2\r\n\r\n", "the proxy does not answer in HTTP");
	refused_with("HTTP/1.1 2x0 OK\r\n\r\n", "the proxy does not answer in HTTP");
	refused_with("HTTP/1.1 200 OK\r\n bad: fold\r\n\r\n", "the proxy does not answer in HTTP");
}

static void
an_answer_has_to_end_within_8_kib(void **state)
{
	char line[64];

	(void)state;
	begin_at_proxy();
	proxy_says("HTTP/1.1 200 OK\r\n", 17);
	for (int i = 0; i < 400 && under_way != NULL; i++) {
		proxy_says(line, (size_t)snprintf(line, sizeof(line), "X-%04d: 0123456789012345\r\n", i));
		turns(2);
	}
	expect_failed("the proxy answers at too great length");
	proxy_leaves();

	begin_at_proxy();		/* neither do heads without end */
	for (int i = 0; i < 400 && under_way != NULL; i++) {
		proxy_says("HTTP/1.1 102 Processing\r\n\r\n", 27);
		turns(2);
	}
	expect_failed("the proxy answers at too great length");
	proxy_leaves();
}

static void
a_proxy_that_closes_or_breaks_has_failed(void **state)
{
	(void)state;
	begin_at_proxy();
	close(at_proxy);
	expect_failed("the proxy closed the connection");
	leaves(&proxy);
	begin_at_proxy();
	proxy_says("HTTP/1.1 200 O", 14);
	sock_reset(at_proxy);
	expect_failed("the proxy closed the connection");
	leaves(&proxy);
}

static void
a_proxy_that_says_nothing_is_left_at_the_deadline(void **state)
{
	(void)state;
	begin_at_proxy();
	proxy_says("HTTP/1.1 200 OK\r\n", 17);
	turns(2);
	skip_ms(TIMEOUT_MS + 1);
	expect_failed("the proxy does not finish its answer");
	proxy_leaves();
	begin_at_proxy();
	skip_ms(TIMEOUT_MS + 1);
	expect_failed("the proxy does not answer");
	proxy_leaves();
}

static void
a_proxy_has_names_and_addresses_too(void **state)
{
	char url[128], reason[128];

	(void)state;
	proxy = place_at("127.0.0.1", 0);
	snprintf(url, sizeof(url), "http://proxy.example:%u/", proxy.port);
	begin_through("tunnel.example:443", url);
	assert_string_equal(query[0].name, "proxy.example");
	leaves(&proxy);
	dns_answers(0, "127.0.0.1", 60);
	snprintf(reason, sizeof(reason), "proxy 127.0.0.1:%u: Connection refused", proxy.port);
	expect_failed(reason);
	begin_through("tunnel.example:443", "http://none.example:3128");
	dns_fails(1);
	expect_failed("no address found for the name of the proxy");
}

static void
the_url_of_a_proxy_is_checked(void **state)
{
	static const char *const good[] = { "http://p:1", "http://p.example:3128/", "http://[::1]:8080", "http://192.0.2.1:80" };
	static const char *const bad[] = { "", "http://", "p:1", "https://p:1", "http:/p:1", "http://p", "http://p:0",
	    "http://user@p:1", "http://user:secret@p:1", "http://p:1//", "http://p:1/x", "http://unix:/p", "http://:1",
	    "http://unix:@p:1" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_null(reach_check_proxy(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(reach_check_proxy(bad[i]));
	assert_null(strstr(reach_check_proxy("http://user:secret@p:1"), "secret"));
}

/* ---- giving up ---- */

static void
give_up(int fds)
{
	reach_cancel(under_way);
	under_way = NULL;
	assert_int_equal(io.fd, -1);
	skip_ms(TIMEOUT_MS * 2);
	turns(3);
	assert_int_equal(dones, 0);
	assert_int_equal(open_fds(), fds);
}

static void
a_reach_may_be_cancelled_in_every_state(void **state)
{
	struct place p = place_at("127.0.0.1", 0), deaf = place_at("127.0.0.2", p.port);
	int filler[2], before;

	(void)state;
	goes_deaf(&deaf, filler);
	before = open_fds();
	reach_cancel(NULL);

	begin(p.by_name);			/* resolving */
	turns(2);
	give_up(before);
	dns_answers(0, "127.0.0.2 127.0.0.2", 0);

	begin(deaf.text);			/* connecting */
	turns(2);
	give_up(before);

	begin(p.by_name);			/* two attempts under way, one of them connected */
	dns_answers(1, "127.0.0.2 127.0.0.1", 0);
	turns(1);
	skip_ms(251);
	turns(1);
	give_up(before);

	begin("unix:/nowhere/at/all");		/* failed, but not told yet */
	give_up(before);

	snprintf(p.text, sizeof(p.text), "unix:@tcproute-reach-%d", (int)getpid());
	int lfd = listen_on(p.text);

	begin(p.text);				/* connected, but not told yet */
	give_up(before + 1);
	close(lfd);
	close_deaf(&deaf, filler);
	leaves(&p);
}

static void
a_reach_may_be_cancelled_at_the_proxy(void **state)
{
	(void)state;
	begin_at_proxy();			/* asked */
	give_up(open_fds() - 1);
	proxy_leaves();

	begin_at_proxy();			/* answered by half */
	proxy_says("HTTP/1.1 200 OK\r\n", 17);
	turns(2);
	give_up(open_fds() - 1);
	proxy_leaves();

	begin_at_proxy();			/* answered in full, or refused, and not told yet */
	proxy_says("HTTP/1.1 200 OK\r\n\r\n", 19);
	reach_on_io(under_way, EV_READ);
	reach_on_io(under_way, EV_READ | EV_WRITE);
	give_up(open_fds() - 1);
	proxy_leaves();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		reach_test(an_address_needs_no_look_up),
		reach_test(a_unix_socket_is_reached_too),
		reach_test(what_came_at_once_is_not_lost_on_the_new_owner),
		reach_test(families_take_turns_and_v6_comes_first),
		reach_test(one_family_that_ends_leaves_its_turns_to_the_other),
		reach_test(an_address_that_refuses_makes_room_at_once),
		reach_test(an_address_that_does_not_answer_is_joined_after_250_ms),
		reach_test(a_slow_address_may_still_win),
		reach_test(when_all_fail_the_last_reason_is_told),
		reach_test(many_addresses_are_tried_one_and_all),
		reach_test(a_name_without_an_address_fails),
		reach_test(an_answer_at_hand_is_told_later_all_the_same),
		reach_test(after_a_failure_dns_is_asked_anew),
		reach_test(the_deadline_holds_for_all_attempts_together),
		reach_test(dns_that_does_not_answer_is_left_at_the_deadline),
		reach_test(running_out_of_descriptors_is_told),
		reach_test(a_proxy_is_asked_for_the_server_by_name),
		reach_test(an_answer_may_come_in_any_pieces_and_bytes_behind_it_stay),
		reach_test(a_proxy_that_refuses_is_quoted_by_its_status),
		reach_test(garbage_is_no_answer),
		reach_test(an_answer_has_to_end_within_8_kib),
		reach_test(a_proxy_that_closes_or_breaks_has_failed),
		reach_test(a_proxy_that_says_nothing_is_left_at_the_deadline),
		reach_test(a_proxy_has_names_and_addresses_too),
		reach_test(the_url_of_a_proxy_is_checked),
		reach_test(a_reach_may_be_cancelled_in_every_state),
		reach_test(a_reach_may_be_cancelled_at_the_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
