#!/bin/sh
# SPDX-License-Identifier: ISC
# A record there is no memory for is not taken for a deleted or malformed one: nothing is written, and the store is read again.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# Sizes of 3000 bytes and some more are those of the long record's line and of a long text in JSON; replies and files have others.
# 2048 places of 16 bytes is what the table of keys needs when it grows for the first time.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <stddef.h>
	#include <unistd.h>
	void *calloc(size_t n, size_t size)
	{
		if (n == 2048 && size == 16 && access("hungry", F_OK) == 0) {
			errno = ENOMEM;
			return NULL;
		}
		return ((void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"))(n, size);
	}
	void *malloc(size_t n)
	{
		if (n >= 3000 && n < 3100 && access("hungry", F_OK) == 0) {
			errno = ENOMEM;
			return NULL;
		}
		return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c

# targets FIRST: 199 of them, 2988 bytes, so that a line with its key has some more
targets() { awk -v first="$1" 'BEGIN { for (i = 0; i < 199; i++) printf "%s10.0.%d.1:4443", i ? "," : "tls=", first + i % 2 }'; }
comment() { printf '%200s"comment":"%03000d"' '' 0; }
few() { awk 'BEGIN { for (i = 0; i < 40; i++) printf "%s10.0.0.1:4443", i ? "," : "tls=" }'; }
redis
same 2988 "$(targets 10 | wc -c)" "bytes of the long record"

# kept EXIT WORD...: nothing is written without the record, nor for want of the file that was there
kept() {
	lines 'a tls=10.0.0.1:443' 'gone tls=10.0.0.1:443' >routes
	cp routes before
	touch hungry
	exits 111 timeout -s KILL 30 env LD_PRELOAD="$T/hungry.so" "$ROUTESYNC" -o routes "$@"
	has "$(cat err)" 'out of memory'
	lacks "$(cat err)" malformed
	cmp before routes || fail "written without the record"
	rm hungry
}
many 1100
kept --once "$STORE"
r flushall
put a "$(few)"
put big "$(targets 10)"
kept --once "$STORE"
r del /tcprouter/service/big
put json "{\"addr\":\"10.0.0.3\",\"tlsport\":443,$(comment)}"
kept --once "$STORE"
echo "{\"sni\":\"json\",\"addr\":\"10.0.0.3:443\",$(comment)}" >stream
kept - <stream

# one that stays tries again until there is memory, and is not ready before
rm routes
put big "$(targets 10)"
touch hungry
spawn sync env LD_PRELOAD="$T/hungry.so" "$ROUTESYNC" -o routes -i 0.2 "$STORE"
logged 'store=unreachable .*"out of memory"' sync
[ ! -e routes ] || fail "written without a record"
rm hungry
wait_for 15 routes_are "a $(few)" "big $(targets 10)" 'json tls=10.0.0.3:443' || fail "not read again: $(cat routes)"

# while it runs the old line stays until then
touch hungry
put big "$(targets 20)"
logged_times 2 'store=unreachable .*"out of memory"' sync
routes_are "a $(few)" "big $(targets 10)" 'json tls=10.0.0.3:443' || fail "changed: $(cat routes)"
rm hungry
wait_for 15 routes_are "a $(few)" "big $(targets 20)" 'json tls=10.0.0.3:443' || fail "not followed: $(cat routes)"
stop sync
