/* SPDX-License-Identifier: ISC */
/*
 * How much a peer may send on a stream before it hears from us. Bytes under way hide the round
 * trip, but delay all that comes after them: a window grows while its peer waits for credit, and is
 * small where other streams would wait.
 */
#include "mux_private.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#define WINDOW_ALONE (2u * 1024u * 1024u) /* bytes of a window that has the session to itself */
#define WINDOW_TALK (128u * 1024u)	/* and of one beside a quiet stream, to a near peer */
#define COMPANY_MS 50			/* how long a stream is company after it moved bytes */
#define TALK_US 100000			/* half a window took longer: it has little to send */
#define ALONE_US 2000			/* half a window must be taken within this to grow */
#define NEAR_US 1000			/* a round trip that needs no window worth mentioning */
#define RTT_PACE_MS 1000		/* the round trip is measured at most this often */

/* ---- its round trip ---- */

uint64_t
mux_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
keep_shortest(uint32_t *rtt_us, uint64_t us)
{
	if (us > 0 && us < UINT32_MAX && (*rtt_us == 0 || us < *rtt_us))
		*rtt_us = (uint32_t)us;
}

/* TCP's may end at a nearby proxy; a ping goes all the way, but waits behind what is under way. */
static void
measure(struct mux *m)
{
	struct tcp_info info = { .tcpi_rtt = 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(m->io.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
		keep_shortest(&m->tcp_rtt_us,
		    info.tcpi_min_rtt == UINT32_MAX ? info.tcpi_rtt : info.tcpi_min_rtt);
	if (m->ping_us != 0)
		return;
	m->ping_us = mux_now_us();
	m->ping = m->pings++;
	yamux_ping(m->y, m->ping);
	mux_due(m);
}

void
mux_rtt_pong(struct mux *m, uint32_t value)
{
	if (m->ping_us == 0 || value != m->ping)
		return;
	keep_shortest(&m->ping_rtt_us, mux_now_us() - m->ping_us);
	m->ping_us = 0;
}

uint32_t
mux_rtt_us(struct mux *m)
{
	uint64_t now = ev_now_ms(m->pool->ev);

	if (m->rtt_asked_ms == 0 || now >= m->rtt_asked_ms + RTT_PACE_MS) {
		m->rtt_asked_ms = now;
		measure(m);
	}
	return m->ping_rtt_us > m->tcp_rtt_us ? m->ping_rtt_us : m->tcp_rtt_us;
}

/* ---- windows ---- */

static size_t
extra(uint32_t window)
{
	return window > YAMUX_WINDOW_START ? window - YAMUX_WINDOW_START : 0;
}

static void
set_window(struct mux_stream *s, uint32_t window)
{
	s->mux->grown += extra(window) - extra(s->window);
	s->window = window;
}

void
mux_window_forget(struct mux_stream *s)
{
	set_window(s, YAMUX_WINDOW_START);
	if (s->mux->moved == s)
		s->mux->moved = NULL;
}

static bool
alone(const struct mux *m)
{
	return ev_now_ms(m->pool->ev) >= m->shared_ms + COMPANY_MS;
}

/* s moves, at now_us: note whether another moved before it, and whether s has little to send. */
static void
note_company(struct mux_stream *s, uint64_t now_us)
{
	struct mux *m = s->mux;

	if (!s->joined || m->moved == s)
		return;
	if (m->moved != NULL)
		m->shared_ms = ev_now_ms(m->pool->ev);
	if (m->moved != NULL && now_us - s->looked_us > TALK_US)
		m->talk_ms = m->shared_ms;
	m->moved = s;
}

static bool
is_near(struct mux *m)
{
	uint32_t rtt_us = mux_rtt_us(m);

	return rtt_us > 0 && rtt_us < NEAR_US;
}

/* What is enough for a near peer: what a window holds delays all that comes after it. */
static uint32_t
enough(const struct mux *m)
{
	bool talk = ev_now_ms(m->pool->ev) < m->talk_ms + COMPANY_MS;

	return talk ? WINDOW_TALK : YAMUX_WINDOW_START;
}

/*
 * Whether a window may grow to this size, half of the present one having been taken in spent_us. As
 * long as that takes less than a round trip, the peer waits for credit; and if no other stream
 * waits, a larger one lets both sides work at the same time.
 */
static bool
may_grow(struct mux *m, uint32_t to, uint64_t spent_us)
{
	bool near = is_near(m);		/* first: best measured before much is under way */

	if (to <= WINDOW_ALONE && spent_us < ALONE_US && alone(m))
		return true;
	return near ? to <= enough(m) : to <= MUX_WINDOW_MAX && spent_us < mux_rtt_us(m);
}

/*
 * Half a window was taken, or more at once, which is allowed more time:
 * by how much does it grow?
 */
static uint32_t
growth(struct mux_stream *s, uint64_t now)
{
	struct mux *m = s->mux;
	uint64_t spent_us = (now - s->looked_us) * (s->window / 2) / s->taken;
	uint32_t more = s->window, twice = s->window * 2;

	s->looked_us = now;
	s->taken = 0;
	if (!may_grow(m, twice, spent_us) || m->grown + more > MUX_MEMORY_MAX / 2)
		return 0;
	set_window(s, twice);
	return more;
}

/* Of n bytes taken, how many are not to be credited: the window is larger than it should be. */
static uint32_t
surplus(struct mux_stream *s, size_t n)
{
	struct mux *m = s->mux;
	uint32_t most = enough(m), less;

	if (s->window <= most || alone(m) || !is_near(m))
		return 0;
	less = s->window - most < n ? s->window - most : (uint32_t)n;
	set_window(s, s->window - less);
	return less;
}

void
mux_window_credit(struct mux_stream *s, size_t n)
{
	uint64_t now = mux_now_us();
	uint32_t less, more = 0;

	if (s->y.fin_received || s->y.id == 0)
		return;
	note_company(s, now);
	s->taken += (uint32_t)n;
	less = surplus(s, n);
	if (s->taken >= s->window / 2)
		more = growth(s, now);
	yamux_grant(s->mux->y, &s->y, (uint32_t)n - less + more, more > 0);
	if (yamux_has_out(s->mux->y))
		mux_due(s->mux);
}
