/* SPDX-License-Identifier: ISC */
/* Two sessions against each other, with visitors at the near one and services at the far one. */
#include "mux_help.h"

struct mux_pool *pool;
struct side near, far;
struct wire wires[WIRES_MAX];
int wires_made, wires_accepted;
bool keeps, refuses, local;
void (*on_near_end)(struct leg *l);
void (*on_far_data)(struct leg *l);
static struct identity *identity[2];
static struct tls_context *context[2];

/* ---- the owners of streams and sessions ---- */

void
leg_ended(struct mux_stream *s, enum mux_end how)
{
	struct leg *l = EV_CONTAINER(s, struct leg, s);

	assert_null(mux_of(s));
	assert_int_equal(s->deadline.due_ms, 0);
	l->ended++;
	l->how = how;
	if (s->io.fd != -1)
		how == MUX_CLOSED ? (void)close(s->io.fd) : sock_close(s->io.fd, true);
	s->io.fd = -1;
	if (on_near_end != NULL && l == &l->wire->near)
		on_near_end(l);
}

void
join(struct leg *l, struct party *p, uint32_t speaks)
{
	int pair[2];

	local ? unix_pair(pair) : tcp_pair(pair);
	l->s.io.fd = pair[1];
	assert_int_equal(ev_add(loop, &l->s.io, EV_READ | EV_WRITE | EV_EDGE), 0);
	meet(p, pair[0], speaks);
	mux_join(&l->s, EV_READ | EV_WRITE);
}

/* The far side's service is there as soon as the stream has said hello. */
static void
far_data(struct mux_stream *s)
{
	struct leg *l = EV_CONTAINER(s, struct leg, s);

	l->told = true;
	if (on_far_data != NULL) {
		on_far_data(l);
		return;
	}
	if (keeps || mux_peek(s).len < 5)
		return;
	assert_memory_equal(mux_peek(s).p, "hello", 5);
	mux_take(s, 5);
	join(l, &l->wire->service, 2);
}

const struct mux_stream_ops near_leg_ops = { NULL, leg_ended };
static const struct mux_stream_ops far_leg_ops = { far_data, leg_ended };

static void
side_opened(struct mux *m)
{
	struct side *side = mux_arg(m);

	side->opened++;
	if (refuses || wires_accepted == WIRES_MAX) {
		mux_refuse(m);
		return;
	}
	wires[wires_accepted].far = (struct leg){ .wire = &wires[wires_accepted], .s.io.fd = -1 };
	mux_accept(m, &wires[wires_accepted++].far.s, &far_leg_ops);
}

static void
side_goaway(struct mux *m)
{
	struct side *side = mux_arg(m);

	side->goaways++;
}

static void
side_ended(struct mux *m, enum mux_end how)
{
	struct side *side = mux_arg(m);

	assert_null(m->streams);
	assert_int_equal(m->kept, 0);
	side->ended++;
	side->how = how;
	snprintf(side->why, sizeof(side->why), "%s", mux_why(m));
	mux_free(m);
	side->m = NULL;
	close(side->io.fd);
	side->io.fd = -1;
}

const struct mux_ops side_ops = { .opened = side_opened, .goaway = side_goaway,
    .ended = side_ended };

static void
nothing(struct ev_io *io, unsigned events)
{
	(void)io;
	(void)events;
	fail_msg("the session's events came to its owner");
}

/* ---- the life of the two ---- */

void
new_session(struct side *side, const struct mux_conf *conf, const struct mux_ops *ops)
{
	side->io.cb = nothing;
	assert_int_equal(ev_add(loop, &side->io, EV_READ | EV_WRITE | EV_EDGE), 0);
	side->m = mux_new(pool, conf, ops, &side->io, side->tls, side);
	assert_non_null(side->m);
}

void
start_side(struct side *side, enum yamux_role role, int fd)
{
	struct mux_conf conf = { .role = role, .max_streams = 1u << 20, .idle_ms = 3600000 };

	*side = (struct side){ .io.fd = fd, .tls = side->tls };
	new_session(side, &conf, &side_ops);
}

void
make_tls(const int pair[2])
{
	enum tls_result a, b;

	near.tls = tls_new(context[0], pair[0], NULL);
	far.tls = tls_new(context[1], pair[1], NULL);
	do {
		b = tls_handshake(far.tls);
		a = tls_handshake(near.tls);
		assert_true((a == TLS_OK || a == TLS_AGAIN) && (b == TLS_OK || b == TLS_AGAIN));
	} while (a != TLS_OK || b != TLS_OK);
}

/* No streams, the usual behaviour. */
static void
begin_anew(void)
{
	memset(wires, 0, sizeof(wires));
	wires_made = wires_accepted = 0;
	keeps = refuses = local = false;
	on_near_end = on_far_data = NULL;
	near.tls = far.tls = NULL;
	pool = mux_pool_new(loop);
	assert_non_null(pool);
}

void
start(enum transport t)
{
	int pair[2];

	begin_anew();
	t == UNIX ? unix_pair(pair) : tcp_pair(pair);
	if (t == TLS)
		make_tls(pair);
	start_side(&near, YAMUX_SERVER, pair[0]);
	start_side(&far, YAMUX_CLIENT, pair[1]);
}

int
start_raw(uint64_t heartbeat_ms, uint64_t dead_ms)
{
	int pair[2];
	struct mux_conf conf = { YAMUX_SERVER, .max_streams = 10, .heartbeat_ms = heartbeat_ms,
	    .dead_ms = dead_ms };

	begin_anew();
	tcp_pair(pair);
	far = (struct side){ .io.fd = -1 };
	near = (struct side){ .io.fd = pair[0] };
	new_session(&near, &conf, &side_ops);
	run_turn();
	return pair[1];
}

static void
stop_side(struct side *side)
{
	mux_free(side->m);
	side->m = NULL;
	if (side->io.fd != -1)
		close(side->io.fd);
}

void
finish(void)
{
	on_near_end = NULL;
	stop_side(&near);
	stop_side(&far);
	for (int i = 0; i < wires_made; i++) {
		close_party(&wires[i].visitor);
		close_party(&wires[i].service);
	}
	mux_pool_free(pool);
}

struct wire *
visit(void)
{
	struct wire *w = &wires[wires_made++];

	w->near = (struct leg){ .wire = w, .s.io.fd = -1 };
	assert_true(mux_open(near.m, &w->near.s, &near_leg_ops));
	assert_true(mux_send(&w->near.s, slice_str("hello")));
	join(&w->near, &w->visitor, 1);
	return w;
}

void
narrow(int fd, int size)
{
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

struct wire *awaited;

static bool
service_there(void)
{
	return awaited->far.s.joined;
}

struct wire *
visit_and_wait(void)
{
	awaited = visit();
	run_until(service_there);
	return awaited;
}

/* ---- conditions ---- */

bool
all_heard(void)
{
	for (int i = 0; i < wires_made; i++)
		if (wires[i].visitor.received < wires[i].service.to_send ||
		    wires[i].service.received < wires[i].visitor.to_send)
			return false;
	return true;
}

bool
all_over(void)
{
	for (int i = 0; i < wires_made; i++)
		if (wires[i].near.ended == 0 || wires[i].far.ended == 0)
			return false;
	return true;
}

bool
one_over(void)
{
	return awaited->near.ended != 0 && awaited->far.ended != 0;
}

bool
visitor_reset(void)
{
	return one_over() && (awaited->visitor.io.fd == -1 || awaited->visitor.reset);
}

bool
service_reset(void)
{
	return one_over() && (awaited->service.io.fd == -1 || awaited->service.reset);
}

bool
service_saw_end(void)
{
	return awaited->service.eof;
}

bool
far_leg_told(void)
{
	return awaited->far.told;
}

bool
near_over(void)
{
	return near.ended != 0;
}

bool
parties_saw_ends(void)
{
	for (int i = 0; i < wires_made; i++)
		if (!wires[i].visitor.eof || !wires[i].service.eof)
			return false;
	return true;
}

static struct timespec quiet;
static uint64_t quiet_sum;

bool
all_quiet(void)
{
	uint64_t sum = 0;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < wires_made; i++)
		sum += wires[i].visitor.sent + wires[i].near.s.tx;
	if (sum != quiet_sum) {
		quiet_sum = sum;
		quiet = now;
	}
	ev_refresh(loop);
	return (now.tv_sec - quiet.tv_sec) * 1000 + (now.tv_nsec - quiet.tv_nsec) / 1000000 > 50;
}

static struct ev_timer tick;

static void
on_tick(struct ev_timer *t)
{
	ev_timer_in(loop, t, 10);
}

void
ticks_begin(void)
{
	tick = (struct ev_timer){ .cb = on_tick };
	ev_timer_in(loop, &tick, 10);
}

void
ticks_end(void)
{
	ev_timer_at(loop, &tick, 0);
}

/* ---- the far side by hand ---- */

uint8_t heard[4096];

size_t
hear(int fd)
{
	ssize_t n = recv(fd, heard, sizeof(heard), 0);

	return n < 0 ? 0 : (size_t)n;
}

/* ---- around all tests ---- */

int
set_up_mux(void **state)
{
	char why[256];
	const char *path;

	(void)state;
	write_texts();
	make_dir();
	for (int i = 0; i < 2; i++) {
		path = in_dir(i == 0 ? "near" : "far");
		if (identity_new_file(path) != 0 ||
		    (identity[i] = identity_load(path, why)) == NULL)
			return -1;
		context[i] = tls_context_new(i == 0 ? TLS_SERVER : TLS_CLIENT, identity[i], why);
		if (context[i] == NULL)
			return -1;
	}
	remove_dir();
	return 0;
}

int
tear_down_mux(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		tls_context_free(context[i]);
		identity_free(identity[i]);
	}
	return 0;
}
