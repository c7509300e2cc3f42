/* SPDX-License-Identifier: ISC */
/*
 * For the tests of tunneld/clients.c: a registry, sessions by number, and what is reported of them.
 */
#ifndef TUNNELD_CLIENTS_HELP_H
#define TUNNELD_CLIENTS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../tunneld/clients.h"

#define ID_A "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccq"
#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SECRET "secret=sha256:" HASH_OF_ABC
#define DOMAIN ".tun.example.com"
#define FEB_2027 1801440000	/* the end of 2027-01-31 */

extern struct clients *clients;
extern struct session all[16];
extern void (*at_end)(struct session *s);	/* what an ended session does; NULL: nothing */

int set_up_clients(void **state);
int set_up_open_clients(void **state);
int tear_down_clients(void **state);

#define clients_test(f) cmocka_unit_test_setup_teardown(f, set_up_clients, tear_down_clients)
#define open_clients_test(f) \
	cmocka_unit_test_setup_teardown(f, set_up_open_clients, tear_down_clients)

/* Put a file in place, at this Unix time or at 0. */
void load_at(const char *text, int64_t now);
void load(const char *text);

/* ---- sessions ---- */

/* Session i: of a key, with an instance made of one digit; or of the secret. From 192.0.2.1. */
struct session *keyed(int i, const char *id, char instance);
struct session *secret(int i);

void let_in(struct session *s);

/* Why it is not let in. */
enum control_code refused(struct session *s, int64_t now);

/* Sessions 1 to n of ID_A, each with an instance of its own. */
void let_in_some(int n);

/* One for at_end: it leaves, and nobody may look at it any more. */
void leave_ended(struct session *s);

/* ---- what is known of them ---- */

/*
 * Forget what callbacks have reported so far; or check it: "end 3 revoked\n",
 * "changed 2\n", "names\n".
 */
void forget_told(void);
void assert_told(const char *text);

/* "live 3", "away" or "unknown", in a buffer that the next call uses again. */
const char *find(const char *name);

/* All of them in the order of clients_next(): "1 2 ". The same. */
const char *sessions(void);

/* ---- distinct ids ---- */

void number_id(unsigned n, char id[static IDENTITY_ID_SIZE]);
const char *find_number(unsigned n);

#endif
