/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/reach.c: an HTTP proxy on the way. */
#include "dns_help.h"
#include "tunnelc_reach_help.h"

static int
set_up(void **state)
{
	queries = 0;
	at_once = NULL;
	return set_up_reach(state);
}

#define reach_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down_reach)

static struct place proxy;
static int at_proxy;		/* its end of our connection */

/* Hear at the proxy what is asked of it. */
static void
hear_request(void)
{
	struct endpoint peer;
	char request[512];
	size_t used = 0;
	ssize_t n;

	do	/* it asks at once, and only with that does the handshake's last ACK leave */
		run_turn();
	while (sock_accept(proxy.lfd, &at_proxy, &peer) == SOCK_NONE);
	while (used < 4 || memcmp(request + used - 4, "\r\n\r\n", 4) != 0) {
		run_turn();
		n = read(at_proxy, request + used, sizeof(request) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	request[used] = '\0';
	assert_string_equal(request, "CONNECT tunnel.example:443 HTTP/1.1\r\n"
	    "Host: tunnel.example:443\r\n\r\n");
}

static void
begin_at_proxy(void)
{
	char url[128];

	proxy = place_at("127.0.0.1", 0);
	snprintf(url, sizeof(url), "http://%s", proxy.text);
	begin_through("tunnel.example:443", url);
	hear_request();
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

/* ---- asking ---- */

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
the_first_address_of_a_proxy_that_connects_may_take_its_time(void **state)
{
	struct place deaf = place_at("127.0.0.2", 0);
	char url[128];
	int before;

	(void)state;
	goes_deaf(&deaf);
	proxy = place_at("127.0.0.1", deaf.port);
	before = open_fds();
	snprintf(url, sizeof(url), "http://%s", named(&proxy, "proxy.example"));
	begin_through("tunnel.example:443", url);
	dns_answers(0, "127.0.0.2 127.0.0.1 127.0.0.3", 60);
	turns(3);
	skip_ms(251);
	hear_request();
	assert_int_equal(open_fds(), before + 2);	/* of one connection: the loser is closed */
	skip_ms(251);		/* the third address would have its turn */
	turns(3);
	proxy_says("HTTP/1.1 200 OK\r\n\r\n", 19);
	expect_reached();
	leaves(&deaf);
	proxy_leaves();
}

static void
the_url_of_a_proxy_is_checked(void **state)
{
	static const char *const good[] = { "http://p:1", "http://p.example:3128/",
		"http://[::1]:8080", "http://192.0.2.1:80" };
	static const char *const bad[] = { "", "http://", "p:1", "proxy1.example:80", "https://p:1",
		"http:/p:1", "http://p", "http://p:0", "http://user@p:1", "http://user:secret@p:1",
		"http://p:1//", "http://p:1/x", "http://unix:/p", "http://:1", "http://unix:@p:1" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_null(reach_check_proxy(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(reach_check_proxy(bad[i]));
	assert_null(strstr(reach_check_proxy("http://user:secret@p:1"), "secret"));
}

/* ---- its answer ---- */

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
	assert_true(reached);
	run_turn();
	assert_true(events_after & EV_READ);
	assert_int_equal(read(io.fd, got, sizeof(got)), strlen(behind));
	assert_memory_equal(got, behind, strlen(behind));
	hang_up();
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
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\nContent-Length: no\r\n\r\n",
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
	refused_with("HTTP/1.1 407 Proxy Authentication Required\r\n"
	    "Proxy-Authenticate: Basic\r\n\r\n", "the proxy answers 407");
	refused_with("HTTP/1.0 403 Filtered\r\n\r\n<html>", "the proxy answers 403");
	refused_with("HTTP/1.1 503 \r\n\r\n", "the proxy answers 503");
	refused_with("HTTP/1.0 502 \r\nTransfer-Encoding: x\r\n\r\n", "the proxy answers 502");
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
		proxy_says(line,
		    (size_t)snprintf(line, sizeof(line), "X-%04d: 0123456789012345\r\n", i));
		turns(2);
	}
	expect_failed("the proxy sends too long an answer");
	proxy_leaves();

	begin_at_proxy();		/* neither do heads without end */
	for (int i = 0; i < 400 && under_way != NULL; i++) {
		proxy_says("HTTP/1.1 102 Processing\r\n\r\n", 27);
		turns(2);
	}
	expect_failed("the proxy sends too long an answer");
	proxy_leaves();
}

/* ---- no answer, and giving up ---- */

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
	sock_close(at_proxy, true);
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
		reach_test(a_proxy_is_asked_for_the_server_by_name),
		reach_test(a_proxy_has_names_and_addresses_too),
		reach_test(the_first_address_of_a_proxy_that_connects_may_take_its_time),
		reach_test(the_url_of_a_proxy_is_checked),
		reach_test(an_answer_may_come_in_any_pieces_and_bytes_behind_it_stay),
		reach_test(a_proxy_that_refuses_is_quoted_by_its_status),
		reach_test(garbage_is_no_answer),
		reach_test(an_answer_has_to_end_within_8_kib),
		reach_test(a_proxy_that_closes_or_breaks_has_failed),
		reach_test(a_proxy_that_says_nothing_is_left_at_the_deadline),
		reach_test(a_reach_may_be_cancelled_at_the_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
