/* SPDX-License-Identifier: ISC */
/* Guests: ids that came without a line, where every key is welcome. */
#include <stdlib.h>

#include "clients_private.h"

void
guests_forget(struct clients *c, struct party *guest)
{
	*guest->away_at = guest->next_away;
	if (guest->next_away != NULL)
		guest->next_away->away_at = guest->away_at;
	else
		c->last_away = guest->away_at;
	guest->away_at = NULL;
	c->n_away--;
}

static void
drop_guest(struct clients *c, struct party *guest)
{
	struct grant *g = guest->grant;

	if (guest->away_at != NULL)
		guests_forget(c, guest);
	parties_remove(&c->guests, guest);
	grant_free(g);
}

void
guests_left(struct clients *c, struct party *guest)
{
	guest->next_away = NULL;
	guest->away_at = c->last_away;
	*c->last_away = guest;
	c->last_away = &guest->next_away;
	if (++c->n_away > CLIENTS_REMEMBERED)
		drop_guest(c, c->away);
}

struct party *
guests_add(struct clients *c, const char id[static IDENTITY_ID_SIZE])
{
	struct grant *g = malloc(sizeof(*g));
	struct party *guest;

	if (g == NULL)
		return NULL;
	*g = (struct grant){ .sessions = AUTHFILE_SESSIONS, .streams = AUTHFILE_STREAMS,
		.expires = INT64_MAX };
	memcpy(g->id, id, IDENTITY_ID_LEN);
	parties_widen(&c->guests);
	guest = parties_add(&c->guests, g);
	if (guest == NULL)
		grant_free(g);
	return guest;
}
