/* SPDX-License-Identifier: ISC */
/* The files that follow from the table. */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "log.h"

#define SHRINK_MIN 20u		/* routes; fewer may go without question */
#define SECRETS_MODE 0600

static mode_t
mode_by_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

void
files_open(struct files *f, struct app *app, struct table *table)
{
	*f = (struct files){ .app = app, .table = table };
	if (app->opts->output != NULL)
		output_open(&f->routes, app->opts->output, mode_by_umask());
	if (app->opts->secrets != NULL)
		output_open(&f->secrets, app->opts->secrets, SECRETS_MODE);
}

void
files_close(struct files *f)
{
	output_close(&f->routes);
	output_close(&f->secrets);
	lines_free(&f->old_routes);
	lines_free(&f->old_secrets);
}

/* Routes that go to standard output leave nothing behind: those of the secrets are known nevertheless. */
static bool
read_old_routes(struct files *f)
{
	const char *visitors = f->app->opts->visitors;
	char *text = NULL;
	size_t len;
	FILE *out;
	bool ok;

	if (f->routes.path != NULL)
		return lines_read(output_text(&f->routes), &f->old_routes);
	out = open_memstream(&text, &len);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < f->old_secrets.n; i++)
		fprintf(out, SLICE_FMT " " RECORD_TUNNEL_FORMAT "\n", SLICE_ARG(lines_name(f->old_secrets.line[i])),
		    visitors, visitors);
	ok = fclose(out) == 0 && lines_read(slice_of(text, len), &f->old_routes);
	free(text);
	return ok;
}

bool
files_fall_back(struct files *f)
{
	if (!lines_read_secrets(output_text(&f->secrets), &f->old_secrets) || !read_old_routes(f))
		return false;
	table_fall_back(f->table, &f->old_routes, &f->old_secrets);
	return true;
}

bool
files_keep_old(struct files *f)
{
	size_t kept = 0;
	bool ok = table_keep_old(f->table, &kept);

	lines_free(&f->old_routes);
	lines_free(&f->old_secrets);
	if (kept > 0)
		log_warn("%zu routes that no good record gives stay: a malformed one may have given them", kept);
	return ok;
}

static bool
is_ours(const struct output *o)
{
	return o->path == NULL || output_is_ours(o);
}

bool
files_want_update(const struct files *f)
{
	if (!f->known && f->held.lost == 0)
		return true;
	return table_changed(f->table) || f->confirmed.lost > 0 || f->routes.failing || f->secrets.failing ||
	    !is_ours(&f->routes) || !is_ours(&f->secrets);
}

/* ---- the guard ---- */

/* Names of nodes come and go with their clients, and whoever took them out of the store is believed. */
static bool
too_much(const struct files *f, struct lines_loss loss)
{
	size_t live = table_counts(f->table).live_gone, lost = loss.lost > live ? loss.lost - live : 0;

	return loss.names >= SHRINK_MIN && lost * 100 > f->app->opts->max_shrink * loss.names;
}

static void
note_held(struct files *f, struct lines_loss loss)
{
	bool news = loss.lost != f->held.lost || loss.names != f->held.names;

	f->held = loss;
	app_metric(f->app, M_HELD, (int64_t)loss.lost);
	if (news && loss.lost > 0)
		log_warn("held back: %zu of %zu routes would go from %s; %s", loss.lost, loss.names, f->routes.path,
		    f->app->opts->once ? "--max-shrink 100 allows it" : "USR1 confirms it");
	else if (news)
		log_info("no longer held back");
}

/* Whether the new text may replace what is there. */
static bool
may_replace(struct files *f, struct slice text)
{
	struct lines old, new = { 0 };
	struct lines_loss loss = { 0 };

	if (f->routes.text == NULL)
		return true;
	if (!lines_read(output_text(&f->routes), &old) || !lines_read(text, &new)) {
		lines_free(&old);
		return false;		/* without memory to look there is no saying */
	}
	loss = lines_loss(&old, &new);
	lines_free(&old);
	lines_free(&new);
	if (!too_much(f, loss) || (loss.lost <= f->confirmed.lost && loss.names == f->confirmed.names)) {
		note_held(f, (struct lines_loss){ 0 });
		return true;
	}
	note_held(f, loss);
	return false;
}

void
files_confirm(struct files *f)
{
	f->confirmed = f->held;
	log_info("confirmed: %zu of %zu routes go", f->held.lost, f->held.names);
}

/* ---- writing ---- */

/* Somebody else's file is not what we counted on: it is told, and what we wrote last stays what we compare with. */
static void
look_again(struct files *f, struct output *o)
{
	bool held = f->held.lost > 0 || !f->known;

	if (o->path == NULL || output_is_ours(o))
		return;
	if (output_was_changed(o, held) && f->known)
		log_warn("%s was changed by somebody else%s", o->path, held ? "" : ": writing it again");
}

/* Whether it is as it should be; a file of secrets must not be readable by others, whatever it holds. */
static bool
is_right(const struct output *o, struct slice text)
{
	return o->text != NULL && slice_eq(output_text(o), text) && output_is_ours(o) &&
	    (o->mode != SECRETS_MODE || (o->stamp.st_mode & 077) == 0);
}

static bool
write_changed(struct files *f, struct output *o, char **text, size_t len)
{
	char *new = *text;
	bool ok;

	if (o->path == NULL)
		return true;
	if (is_right(o, slice_of(new, len))) {
		o->failing = false;
		return true;
	}
	*text = NULL;
	ok = output_write(o, new, len);
	app_count(f->app, ok ? M_WRITE_OK : M_WRITE_FAILED);
	return ok;
}

static enum files_result
print_routes(const struct table_text *text)
{
	if (fwrite(text->routes, 1, text->routes_len, stdout) == text->routes_len && fflush(stdout) == 0)
		return FILES_GOOD;
	log_error("standard output: %s", strerror(errno));
	return FILES_FAILED;
}

static enum files_result
write_texts(struct files *f, struct table_text *text)
{
	if (!may_replace(f, slice_of(text->routes, text->routes_len)))
		return f->held.lost > 0 ? FILES_HELD : FILES_FAILED;
	if (!write_changed(f, &f->secrets, &text->secrets, text->secrets_len))
		return FILES_FAILED;
	if (f->routes.path == NULL)
		return print_routes(text);
	return write_changed(f, &f->routes, &text->routes, text->routes_len) ? FILES_GOOD : FILES_FAILED;
}

enum files_result
files_update(struct files *f)
{
	struct table_text text;
	enum files_result result;

	if (!files_want_update(f))
		return f->held.lost > 0 ? FILES_HELD : FILES_GOOD;
	look_again(f, &f->routes);
	look_again(f, &f->secrets);
	if (!table_text(f->table, &text)) {
		log_error("out of memory");
		return FILES_FAILED;
	}
	result = write_texts(f, &text);
	if (result == FILES_GOOD) {
		f->known = true;
		f->names = text.names;
		f->confirmed = (struct lines_loss){ 0 };
		table_settle(f->table);
		app_metric(f->app, M_ROUTES, (int64_t)text.names);
	}
	free(text.routes);
	free(text.secrets);
	return result;
}
