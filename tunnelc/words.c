/* SPDX-License-Identifier: ISC */
/* The words of the command line: checked once, looked up for each visitor. */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

/* ---- the command line ---- */

static bool refuse(char why[static WORDS_WHY_MAX], const char *word, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "WORD: reason", the word cut when it is very long. */
static bool
refuse(char why[static WORDS_WHY_MAX], const char *word, const char *fmt, ...)
{
	int len = snprintf(why, WORDS_WHY_MAX, "%.100s: ", word);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why + len, WORDS_WHY_MAX - (size_t)len, fmt, ap);
	va_end(ap);
	return false;
}

static bool
parse_proxy(struct slice value, struct words *w, const char *word, char why[static WORDS_WHY_MAX])
{
	if (w->proxy != PROXYHDR_NONE)
		return refuse(why, word, "proxy= was given before");
	if (slice_is(value, "v1"))
		w->proxy = PROXYHDR_V1;
	else if (slice_is(value, "v2"))
		w->proxy = PROXYHDR_V2;
	else
		return refuse(why, word, "neither v1 nor v2");
	return true;
}

static bool
check_targets(struct slice targets, const char *word, char why[static WORDS_WHY_MAX])
{
	struct addr a;

	do {
		struct slice t = slice_cut(&targets, ',');
		enum addr_result r = addr_parse(t, 0, &a);

		if (r != ADDR_OK)
			return refuse(why, word, "\"%.*s\": %s", t.len > 60 ? 60 : (int)t.len, t.p,
			    addr_why(r, 0));
	} while (targets.p != NULL);
	return true;
}

static bool
parse_key(struct slice key, struct word *out, const char *word, char why[static WORDS_WHY_MAX])
{
	struct slice name = key, kind = slice_cut(&name, ':');

	out->kind = kind_of(kind);
	if (out->kind == KIND_UNKNOWN)
		return refuse(why, word,
		    "not KIND[:NAME]=TARGET with a KIND of tls, http or tcp, nor proxy=v1 or v2");
	if (name.p == NULL)
		return true;
	if (slice_is(name, "*"))
		return refuse(why, word, "a word without :NAME takes the names no other one takes");
	if (host_normalize_pattern(name, out->name) == 0)
		return refuse(why, word, "NAME is neither a host name nor *.SUFFIX");
	return true;
}

static bool
repeated(const struct words *w, const struct word *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->word[i].kind == word->kind && strcmp(w->word[i].name, word->name) == 0)
			return true;
	return false;
}

static bool
parse_word(const char *text, struct words *w, char why[static WORDS_WHY_MAX])
{
	struct slice value = slice_str(text), key = slice_cut(&value, '=');
	struct word word = { 0 };

	if (value.p != NULL && slice_is(key, "proxy"))
		return parse_proxy(value, w, text, why);
	if (!parse_key(key, &word, text, why))
		return false;
	if (value.p == NULL)
		return refuse(why, text, "no =TARGET");
	if (!check_targets(value, text, why))
		return false;
	if (repeated(w, &word))
		return refuse(why, text, "there is one for this kind and name already");
	if (w->n == WORDS_MAX)
		return refuse(why, text, "more than %u words", WORDS_MAX);
	word.targets = value;
	w->word[w->n++] = word;
	return true;
}

bool
words_parse(char *const *argv, struct words *out, char why[static WORDS_WHY_MAX])
{
	out->n = 0;
	out->proxy = PROXYHDR_NONE;
	for (; *argv != NULL; argv++)
		if (!parse_word(*argv, out, why))
			return false;
	return true;
}

/* ---- visitors ---- */

/*
 * How well a word's name fits: an exact one best, then a longer suffix, then none; 0: not at all.
 */
static size_t
rank(const struct word *word, struct slice name)
{
	struct slice own = slice_str(word->name);

	if (own.len == 0)
		return 1;
	if (name.p == NULL)
		return 0;
	if (!slice_starts(own, "*."))
		return slice_eq(own, name) ? HOST_MAX + 3 : 0;
	own = slice_skip(own, 1);	/* the dot belongs to it: below SUFFIX, not SUFFIX itself */
	if (name.len <= own.len || !slice_eq(slice_skip(name, name.len - own.len), own))
		return 0;
	return own.len;
}

const struct word *
words_find(const struct words *w, enum kind kind, struct slice name)
{
	const struct word *best = NULL;
	size_t best_rank = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t r = w->word[i].kind == kind ? rank(&w->word[i], name) : 0;

		if (r > best_rank) {
			best_rank = r;
			best = &w->word[i];
		}
	}
	return best;
}
