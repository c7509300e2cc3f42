/* SPDX-License-Identifier: ISC */
/* Programs that talk to each other through what is tested. */
#include "party_help.h"

#include "draw_help.h"

#define PERIOD 65521u

static uint8_t text[3][PERIOD + PIECE];

void
write_texts(void)
{
	for (uint32_t t = 1; t <= 2; t++)
		for (uint32_t i = 0; i < sizeof(text[t]); i++)
			text[t][i] =
			    (uint8_t)((i % PERIOD * 0x9e3779b97f4a7c15u + t * 0x1234567u) >> 56);
}

void
write_text_0(const char *bytes)
{
	memcpy(text[0], bytes, strlen(bytes));
}

const uint8_t *
text_at(uint32_t t, uint64_t place)
{
	return text[t] + place % PERIOD;
}

void
party_wants(struct party *p)
{
	bool writes = p->sent < p->to_send && !p->reset && p->out == p->io.fd;

	if (p->io.fd != -1)
		ev_mod(loop, &p->io,
		    (p->eof || p->reset || p->deaf ? 0u : EV_READ) | (writes ? EV_WRITE : 0u));
}

static ssize_t
put(const struct party *p, const uint8_t *bytes, size_t n)
{
	return p->out == p->io.fd ? send(p->out, bytes, n, MSG_NOSIGNAL) : write(p->out, bytes, n);
}

static void
put_end(const struct party *p)
{
	if (p->out == p->io.fd)
		shutdown(p->out, SHUT_WR);
	else
		close(p->out);
}

void
party_writes(struct party *p)
{
	uint32_t n = 1 + draw(p->piece);
	ssize_t w;

	if (n > p->to_send - p->sent)
		n = (uint32_t)(p->to_send - p->sent);
	w = n == 0 ? 0 : put(p, text_at(p->speaks, p->sent), n);
	if (w == -1 && errno != EAGAIN)
		p->reset = true;
	p->sent += w > 0 ? (uint64_t)w : 0;
	if (p->sent == p->to_send && p->ends && !p->ended) {
		p->ended = true;
		put_end(p);
	}
}

static void
party_reads(struct party *p)
{
	static uint8_t piece[PIECE];
	ssize_t n = read(p->io.fd, piece, 1 + draw(p->piece));

	if (n == 0)
		p->eof = true;
	else if (n == -1 && errno != EAGAIN)
		p->reset = true;
	if (n > 0) {
		assert_memory_equal(piece, text_at(p->hears, p->received), n);
		p->received += (uint64_t)n;
	}
}

static void
on_party(struct ev_io *io, unsigned events)
{
	struct party *p = EV_CONTAINER(io, struct party, io);

	for (int i = 0; i < p->pieces && events & EV_WRITE && p->sent < p->to_send && !p->reset &&
	    p->out == io->fd; i++)
		party_writes(p);
	if (events & (EV_READ | EV_EOF | EV_ERROR) && !p->deaf && !p->eof && !p->reset)
		party_reads(p);
	party_wants(p);
}

void
meet(struct party *p, int fd, uint32_t speaks)
{
	*p = (struct party){ .io = { fd, on_party }, .out = fd, .speaks = speaks,
	    .hears = 3 - speaks };
	p->piece = PIECE;
	p->pieces = 1;
	assert_int_equal(ev_add(loop, &p->io, EV_READ), 0);
}

void
says(struct party *p, uint64_t n, bool ends)
{
	p->to_send += n;
	p->ends = ends;
	if (p->sent == p->to_send || p->out != p->io.fd)
		party_writes(p);
	party_wants(p);
}

void
says_at_once(struct party *p, uint64_t n, bool ends)
{
	uint64_t before;

	p->to_send += n;
	p->ends = ends;
	do {
		before = p->sent;
		party_writes(p);
	} while (p->sent != before);
	party_wants(p);
}

void
hangs_up(struct party *p)
{
	sock_close(p->io.fd, true);
	p->io.fd = p->out = -1;
}

void
close_party(struct party *p)
{
	if (p->io.cb != NULL && p->io.fd != -1)
		close(p->io.fd);
}
