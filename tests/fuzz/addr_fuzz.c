/* SPDX-License-Identifier: ISC */
/*
 * Fuzz lib/addr.c and lib/host.c: no overread,
 * and what is accepted fits its socket address and its text.
 */
#include <assert.h>
#include <stdlib.h>

#include "addr.h"
#include "host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_addr(struct slice text, unsigned allow)
{
	char out[ENDPOINT_TEXT_MAX];
	struct sockaddr_storage sa;
	struct endpoint e;
	struct addr a;

	if (addr_parse(text, allow, &a) != ADDR_OK)
		return;
	assert((addr_sockaddr(&a, &sa) == 0) == (a.kind == ADDR_HOST));
	assert(a.kind != ADDR_HOST || host_valid(a.host));
	if (a.kind != ADDR_IP)
		return;
	endpoint_of(&sa, &e);
	assert(memcmp(&e, &a.ip, sizeof(e)) == 0);
	assert(addr_parse(slice_str(endpoint_text(&e, out)), ADDR_LISTEN, &a) == ADDR_OK);
	assert(memcmp(&e, &a.ip, sizeof(e)) == 0);
}

static void
check_cidr_list(struct slice text)
{
	struct endpoint e = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 10 }, .family = AF_INET };
	struct slice bad = slice_of(NULL, 0);

	if (!cidr_list_valid(text, &bad))
		assert(bad.len <= text.len);
	(void)cidr_list_has(text, &e);
	e.family = AF_INET6;
	(void)cidr_list_has(text, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[HOST_MAX + 1], *copy = malloc(size);
	struct slice text = slice_of(copy, size);

	if (size > 0)
		memcpy(copy, data, size);
	check_addr(text, 0);
	check_addr(text, ADDR_LISTEN | ADDR_ALLOW_PASS);
	check_cidr_list(text);
	if (host_normalize(text, name) > 0)
		assert(host_valid(slice_str(name)));
	free(copy);
	return 0;
}
