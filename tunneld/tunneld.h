/* SPDX-License-Identifier: ISC */
/* tunneld as a whole: its options, what the parts of its one process share, its counters. */
#ifndef TUNNELD_H
#define TUNNELD_H

#include "clients.h"
#include "mux.h"
#include "serve.h"
#include "tls.h"

#define DOOR_CLIENTS 0u		/* -l, or inherited: tunnel clients */
#define DOOR_VISITORS 1u	/* --visitors */
#define DOOR_LEGACY 2u		/* --legacy */

#define LOGIN_MS 10000u		/* from connect to hello, in all */

struct options {
	struct serve_conf serve;
	struct opt_list visitors, legacy;
	const char *identity;		/* -i KEYFILE */
	const char *domain;		/* normalised by options_check() */
	const char *authorized;		/* -a FILE */
	const char *clients;		/* --clients FILE */
	const char *local;		/* --local FILE */
	const char *advertise;		/* --advertise ADDR */
	const char *peers;		/* --peers CIDR,...: who may come to a TCP visitors address;
					   NULL: loopback */
	uint64_t park_ms, heartbeat_ms, dead_ms;
	uint64_t max_logins;		/* not yet authenticated, at once; a quarter per source */
	bool open, id;
};

enum {
	M_SESSIONS = M_SERVE_COUNT,	/* gauges: tunnel clients, visitors (streams), logins under
					   way, parked */
	M_VISITORS,
	M_LOGINS,
	M_PARKED,
	M_LOGINS_OK,			/* counters: tunneld_logins_total{result=...} */
	M_LOGINS_REFUSED,
	M_LOGINS_FAILED,
	M_LOGINS_LIMITED,		/* closed: too many under way */
	M_VISITORS_TLS,			/* counters: tunneld_visitors_total{kind=...} */
	M_VISITORS_HTTP,
	M_VISITORS_TCP,
	M_GRANTS,			/* gauge: lines of the authorization file in use */
	M_AUTH_OK,			/* counters: tunneld_authorized_reloads_total{result=...} */
	M_AUTH_FAILED,
	M_COUNT
};

/* This process's. */
struct tunneld {
	const struct options *opts;
	struct serve *serve;
	const struct identity *identity;
	struct tls_context *tls;
	struct mux_pool *muxes;
	struct relay_pool *relays;	/* for clients that are one raw socket */
	struct clients *clients;
};
extern struct tunneld *the;		/* set once when it starts */

static inline void
tunneld_count(size_t metric, int64_t by)
{
	serve_count(the->serve, metric, by);
}

/* ---- authorized.c: the -a file on disk: loaded, watched, expired ---- */

/* Read it for --check or at start; errors go to report. 0, or the exit code. */
int authorized_load(const char *path, authfile_report *report, void *arg, struct grant **out);

/*
 * Watch it from the loop (path and stat, four times a second) and end what expires. -1 with errno.
 */
int authorized_watch(void);
void authorized_reload(void);	/* SIGHUP */

/* ---- published.c: the --clients and --local files ---- */

/*
 * Names have changed: write the files soon (several changes in a row are one write);
 * at the end leave them without lines. -1 with errno.
 */
int published_start(void);
void published_changed(void);
void published_stop(void);

/* ---- login.c: a tunnel client comes ---- */

/* DOOR_CLIENTS: PROXY header if due, TLS, hello; DOOR_LEGACY: ancestors, their secret instead. */
void login_accept(const struct serve_client *from);

/* ---- client.c: one tunnel client, until its end ---- */

void client_cut(struct serve_conn *base);			/* END_DRAIN, now */
void client_drain_all(void);					/* all are to go; visitors finish */

/* For clients_ops. */
void client_end(void *arg, struct session *s, enum control_code why);
void client_changed(void *arg, struct session *s);

/* ---- visitor.c: one visitor ---- */

void visitor_accept(const struct serve_client *from);		/* DOOR_VISITORS */
void visitor_cut(struct serve_conn *base);			/* END_DRAIN, now */

/* ---- parked.c: those who wait for their client ---- */

void parked_look_again(void);					/* new names, or room at a client */
void parked_drain(void);					/* they wait for nobody any more */

/* ---- options.c ---- */

void options_parse(struct options *o, int argc, char **argv);

/*
 * Put what follows from other options into o. False: something is wrong; all of it was reported.
 * What makes no sense as a whole ends the process, with EXIT_USAGE.
 */
bool options_check(struct options *o);

/* The path of the first unix socket among --visitors, NULL: there is none. */
const char *options_visitors_path(const struct options *o);

#endif
