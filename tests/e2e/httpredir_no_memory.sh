#!/bin/sh
# SPDX-License-Identifier: ISC
# Where there is no memory for what one side has yet to take, or for half a trailer, the end is limit: nobody else is
# to blame. A client that has no answer yet gets 503.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	void *malloc(size_t n)
	{
		if (n > 64 && n < 70000 && access("hungry", F_OK) == 0)
			return NULL;
		return ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c
backend down 'until:\r\n\r\n' wait:asked 'send:HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n' data:16m
backend up 'until:\r\n\r\n' wait:never
web good
printf '%s\n' "down.test http=$(addr_of down)" "up.test http=$(addr_of up)" "a.test http=$(addr_of good)" >routes
start httpredir env LD_PRELOAD="$T/hungry.so" "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r routes
ADDR=$READY
# later NAME WORD...: what a client says once its request's head has reached the backend NAME, and memory is short
later() {
	local name="$1" head="$2"; shift 2
	spawn "from.$name" python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$head" wait:asked "$@"
	logged 'got=' "$name"
	touch hungry asked
	ends "from.$name" 0 10
	rm hungry asked
	: >"$name.log"
}

later down 'GET / HTTP/1.1\r\nHost: down.test\r\n\r\n' sleep:1 timeout:5 sum
has "$(cat from.down.log)" 'end=reset$'
logged 'name=down.test .*end=limit$' httpredir
later up 'POST / HTTP/1.1\r\nHost: up.test\r\nContent-Length: 16777216\r\n\r\n' timeout:5 data:16m read
has "$(cat from.up.log)" '^got=HTTP/1.1.x20503.*end=eof$'
logged 'name=up.test .*end=limit$' httpredir
rm from.up.log
trailer=$(printf '0\\r\\nX-T: %0200d' 0)
later up 'POST / HTTP/1.1\r\nHost: up.test\r\nTransfer-Encoding: chunked\r\n\r\n' "send:$trailer" timeout:5 read
has "$(cat from.up.log)" '^got=HTTP/1.1.x20503.*end=eof$'
logged_times 2 'name=up.test .*end=limit$' httpredir
not_logged 'end=(client|target)-reset$' httpredir
has "$(get /head)" '^HTTP/1.1 200 '
