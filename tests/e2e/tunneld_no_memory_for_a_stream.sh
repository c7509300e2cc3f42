#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: a visitor for whose stream there is no memory is refused at once, and the session carries on with the next one.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# A session's table of streams has places of 16 bytes, 8 at first.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	void *calloc(size_t n, size_t size)
	{
		if (n >= 8 && size == 16 && access("hungry", F_OK) == 0)
			return NULL;
		return ((void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"))(n, size);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c

export LD_PRELOAD="$T/hungry.so"
hub
unset LD_PRELOAD
backend echo send:hello read
tunnel c "tcp=$(addr_of echo)"
touch hungry
start_peer herd herd 12 over "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp"
logged 'name=[a-z0-9]+\.tun\.test .* rx=0 tx=0 ms=[0-9]{1,3} end=limit$' tunneld
rm hungry
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
touch over
ends herd 0
exits 0 "$TUNNELC" -i c.key --ready
same 1 "$(count 'session=up' tunneld)" "sessions"
