#!/bin/sh
# SPDX-License-Identifier: ISC
# Without memory to compare two files nothing is written, and the change is not forgotten: it is written when there is memory.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# 3024 bytes are those of the places of 188 lines: the first one of the file and 187 routes.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <stddef.h>
	#include <unistd.h>
	void *malloc(size_t n)
	{
		if (n == 3024 && access("hungry", F_OK) == 0) {
			errno = ENOMEM;
			return NULL;
		}
		return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c

redis
many 187
start sync env LD_PRELOAD="$T/hungry.so" "$ROUTESYNC" -n 9 -o routes -i 0.2 "$STORE"
cp routes before
touch hungry
put h7.example tls=10.0.0.7:443
logged 'error: out of memory' sync
cmp before routes || fail "written without a look at what is lost"
rm hungry
wait_for 10 grep -q '^h7.example tls=10.0.0.7:443$' routes || fail "the change was forgotten"
count_is 187 || fail "$(grep -c = routes) routes"
