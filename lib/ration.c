/* SPDX-License-Identifier: ISC */
/* Memory held for clients: limited in all, and per source. */
#include "ration.h"

#include "quota.h"

int
ration_open(struct ration *r, size_t max, size_t sources)
{
	*r = (struct ration){ .max = max, .held = quota_new(1, sources) };
	return r->held == NULL ? -1 : 0;
}

static bool
grow(struct ration *r, uint64_t source, size_t more)
{
	if (more > r->max - r->total ||
	    (source != 0 && !quota_take_many(r->held, 0, source, more, r->max / RATION_SHARE)))
		return false;
	r->total += more;
	return true;
}

bool
ration_change(struct ration *r, uint64_t source, size_t from, size_t to)
{
	if (to > from)
		return grow(r, source, to - from);
	r->total -= from - to;
	if (to < from)
		quota_drop_many(r->held, 0, source, from - to);
	return true;
}
