/* SPDX-License-Identifier: ISC */
/*
 * Programs that talk to each other through what is tested: each says its text,
 * and checks that it hears the other's.
 */
#ifndef PARTY_HELP_H
#define PARTY_HELP_H

#include "loop_help.h"

#define PIECE 65536u

struct party {
	struct ev_io io;
	int out;		/* where it writes; usually io.fd */
	uint32_t speaks, hears;	/* which text it says, and should hear */
	uint64_t to_send, sent, received;
	uint32_t piece;		/* at most this many bytes at once */
	int pieces;		/* and at most this many of them in a turn */
	bool ends;		/* sends its end when all is said */
	bool ended, eof, reset;
	bool deaf;		/* does not read */
};

/* Make texts 1 and 2. They repeat after a prime number of bytes. */
void write_texts(void);

/* Text 0, which nobody says, begins with these bytes. */
void write_text_0(const char *bytes);

/* What stands at a place of text t, at least PIECE bytes of it. */
const uint8_t *text_at(uint32_t t, uint64_t place);

/* One that says text 1 or 2 and hears the other; it is in the loop from now on. */
void meet(struct party *p, int fd, uint32_t speaks);

/* Watch for what it wants now: after a change of deaf. */
void party_wants(struct party *p);

void party_writes(struct party *p);

/* Say n bytes more, and then (or not) the end. */
void says(struct party *p, uint64_t n, bool ends);

/* The same for what the kernel has room for, before anybody else has a turn. */
void says_at_once(struct party *p, uint64_t n, bool ends);

/* Is gone with a reset. */
void hangs_up(struct party *p);

/* Close its descriptor, if it has one. */
void close_party(struct party *p);

#endif
