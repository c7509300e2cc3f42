/* SPDX-License-Identifier: ISC */
/*
 * From options to a running server: which launch, what to load and bind, in which order;
 * then privileges go.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept.h"
#include "launch.h"
#include "log.h"
#include "privs.h"
#include "serve_private.h"
#include "workers.h"

static void
log_routes_error(void *arg, const char *text)
{
	(void)arg;
	log_error("routes: %s", text);
}

static int
routes_code(enum routes_result r)
{
	return r == ROUTES_LOADED ? 0 : r == ROUTES_REFUSED ? EXIT_USAGE : EXIT_TEMP;
}

/* ---- files that are re-read when they change, then as the user of -u ---- */

/* A path in /dev is a pipe's, which gives its bytes once. */
static bool
is_unreadable(const struct serve_conf *conf, const char *path, bool check)
{
	if (strncmp(path, "/dev/", 5) == 0 || access(path, R_OK) == 0 || errno != EACCES)
		return false;
	if (check)
		log_error("%s can't be read again as %s: changes would not be seen",
		    path, conf->user);
	else
		log_warn("%s can't be read again as %s: changes will not be seen",
		    path, conf->user);
	return true;
}

/* How many are unreadable for the user we are now. */
static unsigned
unreadable_files(const struct serve_conf *conf, bool check)
{
	unsigned n = 0;

	for (size_t i = 0; i < conf->routes.n; i++)
		n += is_unreadable(conf, conf->routes.item[i], check);
	if (conf->reread != NULL)
		n += is_unreadable(conf, conf->reread, check);
	return n;
}

/* Where the tool opens files or replaces them. */
static bool
check_folders(const struct serve_conf *conf)
{
	bool good = true;

	if (conf->folder != NULL && access(conf->folder, X_OK) == -1 && errno == EACCES)
		good = log_wrong(false, "%s: no file in it can be read%s%s", conf->folder,
		    conf->user != NULL ? " as " : "", conf->user != NULL ? conf->user : "");
	for (size_t i = 0; i < conf->n_kept; i++)
		good &= opts_check_replaceable(conf->kept[i].option, conf->kept[i].path);
	return good;
}

static bool
check_files(const struct serve_conf *conf)
{
	bool good = check_folders(conf);

	return unreadable_files(conf, true) == 0 && good;
}

/* In a child, which becomes that user; without the right to do so there is no way to know. */
static bool
check_files_as(const struct serve_conf *conf, const struct privs *user)
{
	pid_t pid;
	int status = -1;

	log_flush();
	signal(SIGCHLD, SIG_DFL);	/* left ignored by our parent it hides the status */
	pid = fork();
	if (pid == 0)
		_exit(privs_drop(user) == 0 && !check_files(conf) ? EXIT_USAGE : 0);
	if (pid == -1)
		die(EXIT_TEMP, "-u %s", conf->user);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status == 0;
}

static bool
check_user(const struct serve_conf *conf)
{
	struct privs user;
	const char *why;

	if (conf->user == NULL)
		return check_folders(conf);
	why = privs_parse(conf->user, &user);
	if (why == NULL)
		return check_files_as(conf, &user);
	log_error("-u %s: %s", conf->user, why);
	return false;
}

/* ---- what can be checked without binding; -c ---- */

/* Whether addr is not in the list, as it would be bound twice. Port 0 is another one each time. */
static bool
check_free(const char *option, const char *addr, const char *other, const struct opt_list *list)
{
	size_t len = strlen(addr);

	if (len >= 2 && strcmp(addr + len - 2, ":0") == 0)
		return true;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(addr, list->item[i]) == 0)
			return strcmp(option, other) == 0 ?
			    log_wrong(false, "%s %s is given twice", option, addr) :
			    log_wrong(false, "%s %s: that is the address of %s",
				option, addr, other);
	return true;
}

/* Each address against those before it in its own list, of -l, and of the first n doors. */
static bool
check_all_free(const struct serve_conf *conf, const char *option, const struct opt_list *list,
    size_t n)
{
	bool good = true;

	for (size_t i = 0; i < list->n; i++) {
		const struct opt_list before = { list->item, i };

		good &= check_free(option, list->item[i], option, &before);
		if (list != &conf->listen)
			good &= check_free(option, list->item[i], "-l", &conf->listen);
		for (size_t k = 0; k < n; k++)
			good &= check_free(option, list->item[i], conf->doors[k].option,
			    conf->doors[k].addrs);
	}
	return good;
}

/* An address given twice would be taken by ourselves, and we would wait for that to end. */
static bool
check_apart(const struct serve_conf *conf)
{
	char *metrics[] = { (char *)(uintptr_t)conf->metrics };
	const struct opt_list list = { metrics, conf->metrics != NULL };
	bool good = check_all_free(conf, "-l", &conf->listen, 0);

	for (size_t i = 0; i < conf->n_doors; i++)
		good &= check_all_free(conf, conf->doors[i].option, conf->doors[i].addrs, i);
	return check_all_free(conf, "--metrics", &list, conf->n_doors) && good;
}

bool
serve_check_opts(const struct serve_conf *conf)
{
	bool from_all = conf->accept_proxy != NULL && conf->accept_proxy[0] == '\0';
	bool good = check_apart(conf);

	return (from_all || opts_check_cidrs("--accept-proxy", conf->accept_proxy)) && good;
}

static bool
check_addresses(const char *option, const struct opt_list *list)
{
	bool good = true;

	for (size_t i = 0; i < list->n; i++)
		good &= opts_check_listen(option, list->item[i]);
	return good;
}

static bool
check_options(const struct serve_conf *conf)
{
	bool good = check_addresses("-l", &conf->listen);

	for (size_t i = 0; i < conf->n_doors; i++)
		good &= check_addresses(conf->doors[i].option, conf->doors[i].addrs);
	good &= opts_check_listen("--metrics", conf->metrics);
	good &= check_user(conf);
	return good;
}

int
serve_check(const struct serve_conf *conf, struct routeset **rs)
{
	bool good = check_options(conf);
	int code;

	*rs = routeset_new(conf->routes.item, conf->routes.n);
	if (*rs == NULL)
		die(EXIT_TEMP, "routes");
	code = routes_code(routeset_load(*rs, log_bare, NULL));
	return !good || (conf->check && code != 0) ? EXIT_USAGE : code;
}

/* ---- a launch ---- */

/* 0, or the exit code. */
static int
bind_door(struct listeners *ls, const struct serve_door *door)
{
	const char *why;
	struct addr a;

	for (size_t i = 0; i < door->addrs->n; i++) {
		const char *text = door->addrs->item[i];

		if (listeners_resolve(slice_str(text), &a, &why) == -1 ||
		    listeners_bind(ls, &a, slice_str(text), false) == -1) {
			log_error("%s %s: %s", door->option, text, listeners_reason(why));
			return why != NULL ? EXIT_USAGE : EXIT_TEMP;
		}
		ls->last->role = door->role;
		ls->last->unlimited = door->unlimited;
	}
	return 0;
}

/* The addresses besides -l. */
static int
bind_doors(struct serve *s)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < s->conf->n_doors; i++)
		code = bind_door(&s->listeners, &s->conf->doors[i]);
	return code;
}

enum launch { LAUNCH_SERVE, LAUNCH_ONE, LAUNCH_FAILED };

static enum launch
launch_by_options(struct serve *s, int *code)
{
	const struct serve_door door = { .option = "-l", .addrs = &s->conf->listen };
	int n = launch_refuse_systemd();

	if (n > 0)
		log_warn("LISTEN_FDS: %d inherited socket%s closed: with -l none is taken over",
		    n, n == 1 ? "" : "s");
	*code = bind_door(&s->listeners, &door);
	return *code == 0 ? LAUNCH_SERVE : LAUNCH_FAILED;
}

static int
wrong_inheritance(const struct serve *s)
{
	int fd = LAUNCH_FIRST_FD + (int)s->listeners.count;

	if (errno == ENOTSOCK)
		return log_wrong(EXIT_USAGE,
		    "descriptor %d (LISTEN_FDS) is not a listening stream socket", fd);
	return log_wrong(EXIT_TEMP, "inherited listening socket: %s", strerror(errno));
}

/* -l, else LISTEN_FDS, else a listening descriptor 0, else one connection on 0 and 1. */
static enum launch
choose_launch(struct serve *s, struct launch_one *one, int *code)
{
	int n;

	if (s->conf->listen.n > 0)
		return launch_by_options(s, code);
	n = launch_systemd(&s->listeners);
	if (n == 0)
		n = launch_stdin_listener(&s->listeners);
	if (n == -1) {
		*code = wrong_inheritance(s);
		return LAUNCH_FAILED;
	}
	return n == 0 && !s->conf->no_one && launch_one_connection(one) ? LAUNCH_ONE : LAUNCH_SERVE;
}

/* Socket files were made earlier: they should be the user's, like those made later. */
static int
drop_privileges(struct serve *s)
{
	const struct serve_conf *conf = s->conf;
	const char *why;
	struct privs p;

	if (conf->user == NULL)
		return 0;
	why = privs_parse(conf->user, &p);
	if (why != NULL) {
		log_error("-u %s: %s", conf->user, why);
		return EXIT_USAGE;
	}
	listeners_chown(&s->listeners, p.uid, p.gid);
	listeners_chown(&s->metrics_door.listeners, p.uid, p.gid);
	if (privs_drop(&p) == -1) {
		log_error("-u %s: %s", conf->user, strerror(errno));
		return EXIT_TEMP;
	}
	return 0;
}

static int
share_memory(struct serve *s, const struct metric *table, size_t n)
{
	unsigned workers = (unsigned)s->conf->workers;

	s->metrics = metrics_new(table, n, workers > 1 ? workers + 1 : 1);
	s->quota = s->metrics == NULL ? NULL : quota_new(workers, s->max_conns * 2);
	if (s->quota != NULL)
		return 0;
	log_error("shared memory: %s", strerror(errno));
	return EXIT_TEMP;
}

static void
no_event(void *arg, struct listener *l, bool opened)
{
	(void)arg;
	(void)l;
	(void)opened;
}

static int
prepare(struct serve *s)
{
	int code = routes_code(routeset_load(s->routes, log_routes_error, NULL));

	if (code != 0)
		return code;
	if (s->conf->routes_listen)
		s->bind_failed = listeners_sync(&s->listeners, s->routes, true, no_event, NULL) > 0;
	if (s->listeners.first == NULL && !s->bind_failed) {
		log_error("nothing to serve: no -l, no listening socket inherited%s%s"
		    "; -h shows the usage",
		    s->conf->routes_listen ? ", no listening address in a routes file" : "",
		    s->conf->no_one ? "" : ", and descriptors 0 and 1 are not a connection");
		return EXIT_USAGE;
	}
	code = bind_doors(s);
	if (code == 0)
		code = scrape_door_bind(&s->metrics_door, s->conf->metrics);
	if (code == 0)
		code = drop_privileges(s);
	if (code == 0 && s->conf->user != NULL)
		unreadable_files(s->conf, false);
	return code;
}

static int
run(struct serve *s, const struct metric *table, size_t n)
{
	struct launch_one one;
	int code = 0;

	switch (choose_launch(s, &one, &code)) {
	case LAUNCH_FAILED:
		return code;
	case LAUNCH_ONE:
		code = routes_code(routeset_open(s->routes, log_routes_error, NULL));
		if (code == 0)
			code = drop_privileges(s);
		if (code == 0)
			code = share_memory(s, table, n);
		if (code == 0)
			return serve_one(s, &one);
		launch_close(one.in_fd, one.out_fd, false);
		return code;
	case LAUNCH_SERVE:
		break;
	}
	code = prepare(s);
	if (code != 0)
		return code;
	accept_set_limits(s);
	code = share_memory(s, table, n);
	if (code != 0)
		return code;
	return s->conf->workers > 1 ? workers_run(s) : serve_process(s, -1);
}

int
serve_main(const struct serve_conf *conf, const struct serve_ops *ops, void *arg,
    const struct metric *table, size_t n)
{
	struct serve s = { .conf = conf, .ops = ops, .arg = arg,
		.max_fds = launch_raise_fd_limit() };
	int code;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a table is a file; too large is but an error */
	signal(SIGCHLD, SIG_IGN);	/* orphans left to process 1 are reaped */
	ev_signal_hold();	/* a table of millions of names takes a while */
	s.routes = routeset_new(conf->routes.item, conf->routes.n);
	if (s.routes == NULL) {
		log_error("routes: %s", strerror(errno));
		return EXIT_TEMP;
	}
	code = run(&s, table, n);
	if (s.ev == NULL && ev_stop_held())
		code = 0;
	log_flush();
	listeners_close_all(&s.listeners, !s.follows);
	listeners_close_all(&s.metrics_door.listeners, !s.follows);
	if (s.ops->stop != NULL)
		s.ops->stop(&s);
	ev_free(s.ev);
	routeset_free(s.routes);
	return code;
}
