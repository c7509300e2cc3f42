/* SPDX-License-Identifier: ISC */
/* Strict number parsing: digits only, no sign, no blanks, a range, the whole text. */
#include "num.h"

/* Up to where the value fits; false on an empty text or anything but digits. */
static bool
parse_digits(struct slice text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

bool
num_parse(struct slice text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;

	if (!parse_digits(text, &value) || value < min || value > max)
		return false;
	*out = value;
	return true;
}

bool
num_seconds(struct slice text, uint64_t max_ms, uint64_t *out_ms)
{
	struct slice decimals = text;
	struct slice whole = slice_cut(&decimals, '.');
	bool dot = decimals.p != NULL;
	uint64_t seconds = 0, ms = 0;

	if (!(dot && whole.len == 0) && !num_parse(whole, 0, UINT64_MAX / 1000 - 1, &seconds))
		return false;
	if (dot && (decimals.len > 3 || !parse_digits(decimals, &ms)))
		return false;
	for (size_t n = decimals.len; n < 3; n++)
		ms *= 10;
	ms += seconds * 1000;
	if (ms > max_ms)
		return false;
	*out_ms = ms;
	return true;
}
