#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: a session that TLS has no memory for ends as limit, and so does a login: the client did nothing wrong.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# Which buffers there is no memory for. hungry: for one record; gathering: for what is to be sent.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	static int none(size_t n, size_t above, const char *file)
	{
		return n > above && n < above + 10240 && access(file, F_OK) == 0;
	}
	void *malloc(size_t n)
	{
		if (none(n, 16384, "hungry") || none(n, 262144, "gathering"))
			return NULL;
		return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c

export LD_PRELOAD="$T/hungry.so"
touch gathering
hub
unset LD_PRELOAD
backend echo send:hello read
spawn_tunnel c "tcp=$(addr_of echo)"
logged '^tunneld: info: conn=1 .* name=- .* end=limit$' tunneld
rm gathering
wait_for 20 this_often 1 'session=up' tunneld || fail "it did not come back"
touch hungry
visit "$ID.tun.test,kind=tcp" shut read >/dev/null
logged 'session=down reason="memory: Cannot allocate memory"$' tunneld
logged "name=$ID.tun.test .* hello=ok .* end=limit\$" tunneld
logged '^tunneld: info: conn=[0-9]+ .* name=- .* end=limit$' tunneld	# it came again
rm hungry
not_logged 'malformed' tunneld
wait_for 20 this_often 2 'session=up' tunneld || fail "it did not come back"
has "$(visit "$ID.tun.test,kind=tcp" shut read)" '^got=hello'
