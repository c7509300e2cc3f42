/* SPDX-License-Identifier: ISC */
/* A dialer, and one dial with its owner. */
#include "dial_help.h"

#include "log.h"

struct dialer *dialer;
struct ev_io io;
struct dial *under_way;
enum dial_result result;
struct target *target;
unsigned first_events;
int dones, watched_events;

static void
on_io(struct ev_io *changed, unsigned events)
{
	assert_ptr_equal(changed, &io);
	if (under_way != NULL)
		dial_on_io(under_way, events);
	else
		watched_events++;
}

static void
on_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	assert_ptr_equal(arg, &dones);
	assert_non_null(under_way);	/* so not from inside dial_start() */
	under_way = NULL;
	result = r;
	target = t;
	first_events = events;
	dones++;
}

struct dial_ops ops = { .done = on_done };

int
set_up_dial(void **state)
{
	make_loop(state);
	make_dir();
	log_init("test", LOG_LEVEL_ERROR, false);
	ops.early = NULL;
	dones = watched_events = 0;
	under_way = NULL;
	io = (struct ev_io){ -1, on_io };
	dialer = dialer_new(loop, TIMEOUT_MS);
	return dialer == NULL ? -1 : 0;
}

int
tear_down_dial(void **state)
{
	dialer_free(dialer);
	remove_dir();
	return free_loop(state);
}

void
begin_later(const char *src, const char *targets, enum routes_balance balance)
{
	char *copy = malloc(strlen(targets));	/* exact size, and freed right after the call */
	struct endpoint e;

	memcpy(copy, targets, strlen(targets));
	assert_true(endpoint_parse_ip(slice_str(src), &e));
	ev_refresh(loop);
	under_way = dial_start(dialer, slice_of(copy, strlen(targets)), balance, &e, false, &io,
	    &ops, &dones);
	assert_non_null(under_way);
	assert_int_equal(dones, 0);
	free(copy);
}

void
begin_from(const char *src, const char *targets, enum routes_balance balance)
{
	begin_later(src, targets, balance);
	run_turn();
}

void
begin(const char *targets)
{
	begin_from("192.0.2.1", targets, BALANCE_FIRST);
}

bool
is_done(void)
{
	return under_way == NULL;
}

void
ends(void)
{
	run_until(is_done);
	assert_int_equal(dones, 1);
	dones = 0;
}

bool
ends_at(const char *text)
{
	ends();
	if (text != NULL)
		return result == DIAL_OK && strcmp(target_text(target), text) == 0;
	assert_int_equal(io.fd, -1);
	return result == DIAL_UNREACHABLE;
}

void
hang_up(void)
{
	if (io.fd != -1)
		close(io.fd);
	io.fd = -1;
	target_release(target);
}

bool
dial_reaches(const char *targets, const char *text)
{
	bool right;

	begin(targets);
	right = ends_at(text);
	hang_up();
	return right;
}

void
make_held_off(struct place p[static 2])
{
	make_places(p, 2);
	leaves(&p[0]);
	assert_true(dial_reaches(list_of(p, 2), p[1].text));
}

void
expect_connected(void)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getpeername(io.fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sock_error(io.fd), 0);
	assert_true(first_events & EV_WRITE);
}
