#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: a session that TLS has no memory for ends as limit, and so does a login: the client did nothing wrong.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# The size of a buffer for one record.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	void *malloc(size_t n)
	{
		if (n > 16384 && n < 17408 && access("hungry", F_OK) == 0)
			return NULL;
		return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c

export LD_PRELOAD="$T/hungry.so"
hub
unset LD_PRELOAD
backend echo send:hello read
tunnel c "tcp=$(addr_of echo)"
touch hungry
visit "$ID.tun.test,kind=tcp" shut read >/dev/null
logged 'session=down reason="memory: Cannot allocate memory"$' tunneld
logged "name=$ID.tun.test .* hello=ok .* end=limit\$" tunneld
logged '^tunneld: info: conn=[0-9]+ .* name=- .* end=limit$' tunneld	# it came again
rm hungry
not_logged 'malformed' tunneld
wait_for 20 this_often 2 'session=up' tunneld || fail "it did not come back"
has "$(visit "$ID.tun.test,kind=tcp" shut read)" '^got=hello'
