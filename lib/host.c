/* SPDX-License-Identifier: ISC */
/* Check and lower-case a host name. */
#include "host.h"

#define LABEL_MAX 63	/* RFC 1035 2.3.4 */

/* Not <ctype.h>: the answer must not depend on the locale. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

static struct slice
without_trailing_dot(struct slice text)
{
	if (text.len > 0 && text.p[text.len - 1] == '.')
		text.len--;
	return text;
}

static bool
label_valid(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.p[0] == '-' || label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_char(label.p[i]))
			return false;
	return true;
}

static bool
all_digits(struct slice label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!is_digit(label.p[i]))
			return false;
	return true;
}

bool
host_valid(struct slice text)
{
	struct slice rest = without_trailing_dot(text), label;

	if (rest.len == 0 || rest.len > HOST_MAX)
		return false;
	do {
		label = slice_cut(&rest, '.');
		if (!label_valid(label))
			return false;
	} while (rest.p != NULL);
	return !all_digits(label);	/* what ends in a number is an IPv4 address or a mistyped one */
}

size_t
host_normalize(struct slice text, char out[static HOST_MAX + 1])
{
	out[0] = '\0';
	if (!host_valid(text))
		return 0;
	text = without_trailing_dot(text);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[text.len] = '\0';
	return text.len;
}
