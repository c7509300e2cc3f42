/* SPDX-License-Identifier: ISC */
/* Places on loopback that connections are made to. */
#include "place_help.h"

struct place
place_at(const char *ip, unsigned port)
{
	struct place p = { .filler = { -1, -1 } };
	struct endpoint e;

	snprintf(p.text, sizeof(p.text), "%s:%u", ip, port);
	p.lfd = listen_on(p.text);
	sock_local(p.lfd, &e);
	p.port = e.port;
	snprintf(p.text, sizeof(p.text), "%s:%u", ip, p.port);
	return p;
}

const char *
named(const struct place *p, const char *host)
{
	static char text[4][128];
	static unsigned next;
	char *out = text[next++ % 4];

	snprintf(out, sizeof(text[0]), "%s:%u", host, p->port);
	return out;
}

void
leaves(struct place *p)
{
	for (int i = 0; i < 2; i++)
		if (p->filler[i] != -1)
			close(p->filler[i]);
	p->filler[0] = p->filler[1] = -1;
	close(p->lfd);
	p->lfd = -1;
}

void
comes_back(struct place *p)
{
	p->lfd = listen_on(p->text);
}

int
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

void
goes_deaf(struct place *p)
{
	struct addr a = address(p->text, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);

	assert_int_equal(listen(p->lfd, 0), 0);
	for (int i = 0; i < 2; i++)
		sock_connect(&sa, len, false, &p->filler[i]);
	await(p->filler[0], POLLOUT);
}

void
make_places(struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = place_at("127.0.0.1", 0);
}

void
close_places(struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].lfd != -1)
			leaves(&p[i]);
}

const char *
list_of(const struct place *p, size_t n)
{
	static char text[512];

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%s", i == 0 ? "" : ",", p[i].text);
	return text;
}
