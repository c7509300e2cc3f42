/* SPDX-License-Identifier: ISC */
/* Check and lower-case a host name. */
#include "host.h"

#define LABEL_MAX 63	/* RFC 1035 2.3.4 */

enum { NAME = 1, DIGIT = 2 };

/* Not <ctype.h>: the answer must not depend on the locale. */
static const uint8_t char_class[256] = {
	['a' ... 'z'] = NAME, ['A' ... 'Z'] = NAME, ['-'] = NAME, ['_'] = NAME,
	['0' ... '9'] = NAME | DIGIT,
};

static bool
label_valid(struct slice label)
{
	return label.len > 0 && label.len <= LABEL_MAX &&
	    label.p[0] != '-' && label.p[label.len - 1] != '-';
}

bool
host_valid(struct slice text)
{
	const char *p, *end, *label;
	uint8_t class, all;		/* classes that all characters of the label share */

	text = host_without_dot(text);
	if (text.len == 0 || text.len > HOST_MAX)
		return false;
	for (p = text.p, end = p + text.len;; p++) {
		for (label = p, all = NAME | DIGIT;
		    p < end && (class = char_class[(uint8_t)*p]) != 0; p++)
			all &= class;
		if (!label_valid(slice_of(label, (size_t)(p - label))))
			return false;
		if (p == end)	/* what ends in a number is an IPv4 address or a typo of one */
			return (all & DIGIT) == 0;
		if (*p != '.')
			return false;
	}
}

size_t
host_normalize(struct slice text, char out[static HOST_MAX + 1])
{
	out[0] = '\0';
	if (!host_valid(text))
		return 0;
	text = host_without_dot(text);
	for (size_t i = 0; i < text.len; i++)
		out[i] = host_lower(text.p[i]);
	out[text.len] = '\0';
	return text.len;
}

size_t
host_normalize_pattern(struct slice text, char out[static HOST_PATTERN_MAX + 1])
{
	size_t star = slice_starts(text, "*.") ? 2 : 0, len;
	struct slice host = star == 0 ? text : slice_skip(text, star);	/* it may be absent */

	len = host_normalize(host, out + star);
	if (len == 0) {
		out[0] = '\0';
		return 0;
	}
	memcpy(out, "*.", star);
	return star + len;
}
