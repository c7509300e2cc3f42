/* SPDX-License-Identifier: ISC */
/* The files that follow from the table. */
#include "files.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "replace.h"

#define SHRINK_MIN 20u		/* routes; fewer may go without being questioned */
#define SECRETS_MODE 0600

/* An unreadable file is an error: the guard could not count against it. */
static bool
open_one(struct output *o, const char *path, mode_t mode)
{
	char why[FILE_WHY_MAX];

	if (path == NULL || output_open(o, path, mode, why))
		return true;
	log_error("%s cannot be read: %s", path, why);
	return false;
}

/* Routes that are printed are not remembered: absent. */
static struct slice
old_routes(const struct files *f)
{
	if (f->routes.path != NULL && f->routes.text == NULL)
		return slice_str("");
	return output_text(&f->routes);
}

bool
files_open(struct files *f, struct app *app, table_report *report, void *arg)
{
	const struct options *o = app->opts;

	*f = (struct files){ .app = app, .last = FILES_FAILED };
	f->table = table_new(o->prefix, o->visitors, report, arg);
	if (!open_one(&f->routes, o->output, replace_mode(0666)) ||
	    !open_one(&f->secrets, o->secrets, SECRETS_MODE))
		return false;
	if (f->table != NULL &&
	    table_fall_back(f->table, old_routes(f), output_text(&f->secrets)))
		return true;
	log_error("out of memory");
	return false;
}

void
files_close(struct files *f)
{
	output_close(&f->routes);
	output_close(&f->secrets);
	lines_free(&f->published);
	table_free(f->table);
}

static bool
is_ours(const struct output *o)
{
	return o->path == NULL || output_is_ours(o);
}

bool
files_want_update(const struct files *f)
{
	return f->last == FILES_FAILED || table_changed(f->table) || f->confirmed.lost > 0 ||
	    !is_ours(&f->routes) || !is_ours(&f->secrets);
}

static enum files_result
fail_starved(void)
{
	log_error("out of memory");
	return FILES_FAILED;
}

/* ---- the guard ---- */

static bool
is_much(const struct files *f, struct lines_loss loss)
{
	return loss.lost * 100 > f->app->opts->max_shrink * loss.names;
}

static bool
too_much(const struct files *f, struct lines_loss loss)
{
	return loss.names >= SHRINK_MIN && is_much(f, loss);
}

static bool
is_confirmed(const struct files *f, struct lines_loss loss)
{
	return loss.lost <= f->confirmed.lost && loss.names == f->confirmed.names;
}

static void
note_held(struct files *f, struct lines_loss loss)
{
	bool ends = f->held.lost > 0 && loss.lost == 0;

	f->held = loss;
	app_metric(f->app, M_HELD, (int64_t)loss.lost);
	if (ends)
		log_info("no longer held back");
	if (loss.lost == 0)
		f->told = 0;
	if (loss.lost <= f->told + f->told / 32)	/* not every one */
		return;
	f->told = loss.lost;
	log_warn("held back: %zu of %zu routes would be removed from %s; %s", loss.lost,
	    loss.names, f->routes.path,
	    f->app->opts->once ? "--max-shrink 100 allows it" : "USR1 confirms it");
}

/*
 * What is lost if the new text replaces what is there, but for names that nodes published: those
 * come and go with their clients. False: out of memory.
 */
static bool
count_loss(const struct files *f, struct slice text, struct lines_loss *out)
{
	struct lines old = { 0 }, new = { 0 };
	bool ok = f->routes.text == NULL ||
	    (lines_read(output_text(&f->routes), &old) && lines_read(text, &new));

	*out = lines_loss(&old, &new, &f->published);
	lines_free(&old);
	lines_free(&new);
	return ok;
}

/* Whether the new text, with this loss, may replace what is there: FILES_GOOD. */
static enum files_result
guard(struct files *f, struct lines_loss loss)
{
	if (!too_much(f, loss) || is_confirmed(f, loss)) {
		loss = (struct lines_loss){ 0 };
	} else if (f->confirmed.lost > 0) {		/* that was for a smaller one: say so */
		f->confirmed = (struct lines_loss){ 0 };
		f->told = 0;
	}
	note_held(f, loss);
	return loss.lost > 0 ? FILES_HELD : FILES_GOOD;
}

/* What was not held back for being few, and has been written. */
static void
note_loss(const struct files *f, struct lines_loss loss)
{
	if (loss.names < SHRINK_MIN && is_much(f, loss))
		log_warn("removed: %zu of %zu routes from %s", loss.lost, loss.names,
		    f->routes.path);
}

void
files_confirm(struct files *f)
{
	f->confirmed = f->held;
	log_info("confirmed: %zu of %zu routes will be removed", f->held.lost, f->held.names);
}

/* ---- writing ---- */

/*
 * If somebody else changed the file, that is logged (once, where it can't be written again),
 * and the guard still compares with what we wrote last. False: it cannot be read.
 */
static bool
look_again(struct files *f, struct output *o)
{
	bool held = f->held.lost > 0 || !f->app->ready;
	enum output_look look;

	if (is_ours(o))
		return true;
	look = output_look(o, held);
	if (look == OUTPUT_CHANGED && f->app->ready && !o->failing)
		log_warn("%s was changed by somebody else%s", o->path,
		    held ? "" : ": writing it again");
	return look != OUTPUT_UNREADABLE;
}

/*
 * Whether the file is as it should be: with this text and, if it holds secrets,
 * not readable by others.
 */
static bool
is_right(const struct output *o, struct slice text)
{
	return o->text != NULL && slice_eq(output_text(o), text) && output_is_ours(o) &&
	    (o->mode != SECRETS_MODE || (o->found & 077) == 0);
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
	if (fwrite(text->routes, 1, text->routes_len, stdout) == text->routes_len &&
	    fflush(stdout) == 0)
		return FILES_GOOD;
	log_error("standard output: %s", strerror(errno));
	return FILES_FAILED;
}

static enum files_result
write_texts(struct files *f, struct table_text *text)
{
	struct lines_loss loss;

	if (!count_loss(f, slice_of(text->routes, text->routes_len), &loss))
		return fail_starved();
	if (guard(f, loss) != FILES_GOOD)
		return FILES_HELD;
	if (!write_changed(f, &f->secrets, &text->secrets, text->secrets_len))
		return FILES_FAILED;
	if (f->routes.path == NULL)
		return print_routes(text);
	if (!write_changed(f, &f->routes, &text->routes, text->routes_len))
		return FILES_FAILED;
	note_loss(f, loss);
	return FILES_GOOD;
}

static void
take_published(struct files *f, struct table_text *text)
{
	lines_free(&f->published);
	f->published = text->published;
	text->published = (struct lines){ 0 };
}

static void
note_good(struct files *f, struct table_text *text)
{
	f->names = text->names;
	f->confirmed = (struct lines_loss){ 0 };
	take_published(f, text);
	app_metric(f->app, M_ROUTES, (int64_t)f->names);
	app_ready(f->app);
}

static void
note_barred(const struct files *f, const struct table_text *text)
{
	char name[LOG_VALUE_MAX];

	if (f->secrets.path == NULL || text->barred == 0)
		return;
	log_warn("record key=%s gets no authorization in %s: it has a secret, but %s",
	    log_value(text->barred_key, name), f->secrets.path, text->barred_why);
	if (text->barred > 1)
		log_warn("%zu more records get no authorization", text->barred - 1);
}

static bool
keep_old(struct files *f)
{
	size_t kept;

	if (!table_keep_old(f->table, &kept))
		return false;
	if (kept > 0)
		log_warn("kept %zu routes that no valid record accounts for: "
		    "a malformed record may have produced them", kept);
	return true;
}

static enum files_result
make_equal(struct files *f)
{
	struct table_text text;
	enum files_result result;

	if (!keep_old(f))		/* first: what it keeps depends on the keys there are now */
		return fail_starved();
	if (!look_again(f, &f->routes) || !look_again(f, &f->secrets))
		return FILES_FAILED;
	if (!table_text(f->table, &text))
		return fail_starved();
	note_barred(f, &text);
	result = write_texts(f, &text);
	if (result == FILES_GOOD)
		note_good(f, &text);
	else if (f->published.line == NULL)	/* the file at start does not tell */
		take_published(f, &text);
	table_text_free(&text);
	return result;
}

enum files_result
files_update(struct files *f)
{
	if (files_want_update(f))
		f->last = make_equal(f);
	return f->last;
}
