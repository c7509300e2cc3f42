/* SPDX-License-Identifier: ISC */
/* One reach with its owner. */
#include "tunnelc_reach_help.h"

struct ev_io io;
struct reach *under_way;
int dones;
unsigned events_after;
struct reach_vain vain;
bool reached;
char why[256];
static struct options options;
static struct tunnelc tunnelc = { .opts = &options };
struct tunnelc *the = &tunnelc;

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
on_done(void *arg, const char *reason)
{
	assert_ptr_equal(arg, &dones);
	assert_non_null(under_way);	/* so not from inside reach_start() */
	under_way = NULL;
	reached = reason == NULL;
	snprintf(why, sizeof(why), "%s", reason == NULL ? "" : reason);
	dones++;
}

int
set_up_reach(void **state)
{
	make_loop(state);
	dones = 0;
	vain.n = 0;
	under_way = NULL;
	io = (struct ev_io){ -1, on_io };
	the->ev = loop;
	the->resolver = resolver_new(loop, TIMEOUT_MS);
	return the->resolver == NULL ? -1 : 0;
}

int
tear_down_reach(void **state)
{
	if (io.fd != -1)
		close(io.fd);
	resolver_free(the->resolver);
	return free_loop(state);
}

void
begin_through(const char *server, const char *proxy)
{
	char *copy = strdup(server), *proxy_copy = proxy == NULL ? NULL : strdup(proxy);

	ev_refresh(loop);
	events_after = 0;
	options.proxy = proxy_copy;
	under_way = reach_start(copy, TIMEOUT_MS, &vain, &io, on_done, &dones);
	assert_non_null(under_way);
	assert_int_equal(dones, 0);
	free(copy);
	free(proxy_copy);
}

void
begin(const char *server)
{
	begin_through(server, NULL);
}

bool
is_done(void)
{
	return under_way == NULL;
}

static void
ends(bool well, const char *reason)
{
	run_until(is_done);
	assert_int_equal(dones, 1);
	dones = 0;
	assert_string_equal(why, reason);
	assert_true(reached == well);
}

void
expect_reached(void)
{
	ends(true, "");
	assert_int_equal(sock_error(io.fd), 0);
	run_turn();
	assert_true(events_after & EV_WRITE);	/* whatever was reported before */
}

void
expect_failed(const char *reason)
{
	ends(false, reason);
	assert_int_equal(io.fd, -1);
}

void
reached_at(const char *ip)
{
	struct endpoint peer, want;

	sock_peer(io.fd, &peer);
	assert_true(endpoint_parse_ip(slice_str(ip), &want));
	assert_memory_equal(peer.ip, want.ip, sizeof(want.ip));
}

void
hang_up(void)
{
	close(io.fd);
	io.fd = -1;
}

void
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

void
turns(int n)
{
	while (n-- > 0)
		run_turn();
}
