#!/bin/sh
# SPDX-License-Identifier: ISC
# A command there is no memory for ends the connection, which is made again: nothing waits for its answer for ever.
. "${0%/*}/lib.sh"

ldd "$ROUTESYNC" | grep -q libhiredis || skip "hiredis is linked in"
cat >shim.c <<END
#include <dlfcn.h>
#include <hiredis/async.h>
#include <string.h>
#include <unistd.h>

/* No memory for the commands that read or write values while there is a file named full. */
int
redisAsyncCommandArgv(redisAsyncContext *ac, redisCallbackFn *fn, void *arg, int argc, const char **argv, const size_t *len)
{
	int (*real)(redisAsyncContext *, redisCallbackFn *, void *, int, const char **, const size_t *) =
	    (int (*)(redisAsyncContext *, redisCallbackFn *, void *, int, const char **, const size_t *))
	    dlsym(RTLD_NEXT, "redisAsyncCommandArgv");

	if (access("full", F_OK) == 0 && (strncmp(argv[0], "MGET", 4) == 0 || strncmp(argv[0], "SET", 3) == 0))
		return REDIS_ERR;
	return real(ac, fn, arg, argc, argv, len);
}
END
"${CC:-cc}" -D_GNU_SOURCE -shared -fPIC -o shim.so shim.c -ldl || skip "no compiler, or no hiredis to build with"
shimmed() {
	local name="$1"; shift
	start "$name" env LD_PRELOAD="$T/shim.so" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" "$ROUTESYNC" -n 9 "$@"
}

redis
put a tls=10.0.0.1:443
echo 'b tls=10.0.0.2:443' >live
shimmed sync -o routes -i 0.2 "$STORE"
shimmed pub --publish live --ttl 2 "$STORE"
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443'
touch full
put a tls=10.0.0.1:444
echo 'c tls=10.0.0.3:443' >>live
logged 'store=unreachable .*"out of memory"' sync
logged 'store=unreachable .*"out of memory"' pub
routes_are 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' || fail "$(cat routes)"
rm full
logged_times 2 'store=good' pub
wait_for 15 routes_are 'a tls=10.0.0.1:444' 'b tls=10.0.0.2:443' 'c tls=10.0.0.3:443' || fail "not followed: $(cat routes)"
logged_times 2 'store=good' sync
stop sync
stop pub
