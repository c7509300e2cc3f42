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
	const char *domain;		/* normalised by main */
	const char *authorized;		/* -a FILE */
	const char *clients;		/* --clients FILE */
	const char *local;		/* --local FILE */
	const char *advertise;		/* --advertise ADDR */
	const char *peers;		/* --peers CIDR,...: who may come to a TCP visitors address; NULL: loopback only */
	uint64_t park_ms, heartbeat_ms, dead_ms;
	uint64_t max_logins;		/* clients not yet authenticated, at once; a quarter of it per source */
	bool open, id;
};

enum {
	M_SESSIONS = M_SERVE_COUNT,	/* gauges: tunnel clients, visitors (streams), logins under way, parked */
	M_VISITORS,
	M_LOGINS,
	M_PARKED,
	M_LOGINS_OK,			/* counters: tunneld_logins_total{result=...} */
	M_LOGINS_REFUSED,
	M_LOGINS_FAILED,
	M_LOGINS_LIMITED,		/* closed at accept: too many under way */
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

/* ---- authorized.c: the -a file on disk: loaded, watched, expired ---- */

/* Read it for --check or at start; errors go to report. 0, or the exit code. */
int authorized_load(const char *path, authfile_report *report, void *arg, struct grant **out);

/* Watch it from the loop (path and stat, four times a second) and end what expires. -1 with errno. */
int authorized_watch(void);
void authorized_reload(void);	/* SIGHUP */

/* ---- published.c: the --clients and --local files ---- */

/*
 * Names have changed: write the files soon (several changes in a row are one write); at the end leave them without lines. -1
 * with errno.
 */
int published_start(void);
void published_changed(void);
void published_stop(void);

/* The path of the first unix socket among --visitors, NULL: there is none. */
const char *options_visitors_path(const struct options *o);

/* ---- client.c: one tunnel client, from accept to its end ---- */

struct client;

void client_accept(const struct serve_client *from);		/* DOOR_CLIENTS: PROXY header if due, TLS, hello */
void client_cut(struct serve_conn *base);			/* END_DRAIN, now */
void client_drain_all(void);					/* tell all to go elsewhere; each ends with its last visitor */
void client_end(struct session *s, enum control_code why);	/* the registry's wish */
void client_changed(struct session *s);				/* send the welcome again */

/* ---- legacy.c: the ancestors' clients ---- */

void legacy_accept(const struct serve_client *from);

/* ---- visitor.c: one visitor, joined to a stream ---- */

void visitor_accept(const struct serve_client *from);		/* DOOR_VISITORS */
void visitor_cut(struct serve_conn *base);
void visitor_names_changed(void);				/* parked ones look again */

/* ---- main.c: which part a connection belongs to ---- */

extern const struct serve_ops tunneld_ops;

#endif
