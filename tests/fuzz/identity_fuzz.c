/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/identity.c: text as a private key and as a name. What is accepted has an id,
 * which is a reserved name.
 */
#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "host.h"
#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_key(struct slice text)
{
	char why[IDENTITY_WHY_MAX] = "", id[IDENTITY_ID_SIZE];
	struct identity *me = identity_parse(text, why);

	assert(ERR_peek_error() == 0);
	if (me == NULL) {
		assert(why[0] != '\0' && memchr(why, '\0', sizeof(why)) != NULL);
		return;
	}
	assert(identity_id_valid(slice_str(identity_id(me))));
	assert(identity_id_of(identity_key(me), id) && strcmp(id, identity_id(me)) == 0);
	identity_free(me);
}

static void
check_name(struct slice text)
{
	if (!identity_id_valid(text))
		return;
	assert(identity_reserved(text));
	assert(host_valid(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);
	struct slice text = slice_of(copy, size);

	if (size > 0)
		memcpy(copy, data, size);
	check_key(text);
	check_name(text);
	(void)identity_reserved(text);
	free(copy);
	return 0;
}
