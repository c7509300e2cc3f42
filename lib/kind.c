/* SPDX-License-Identifier: ISC */
/* Kinds of visitors, and the words for them. */
#include "kind.h"

const char *
kind_word(enum kind kind)
{
	static const char *const word[] = { "", [KIND_TLS] = "tls", [KIND_HTTP] = "http",
		[KIND_TCP] = "tcp" };

	return word[kind];
}

enum kind
kind_of(struct slice word)
{
	enum kind kind = KIND_TCP;

	while (kind != KIND_UNKNOWN && !slice_is(word, kind_word(kind)))
		kind--;
	return kind;
}
