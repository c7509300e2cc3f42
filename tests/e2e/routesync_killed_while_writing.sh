#!/bin/sh
# SPDX-License-Identifier: ISC
# Killed in the middle of writing, it leaves the old file and nothing beside it; without /proc it writes all the same.
. "${0%/*}/lib.sh"

python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_WRONLY)' 2>/dev/null || skip "this file system has no files without names"
redis
put a tls=10.0.0.1:1
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
many 2000
# SIGXFSZ ends it at the first 512 bytes
( ulimit -f 1; exec "$ROUTESYNC" -o routes --once "$STORE" ) 2>&1 | cat >killed.log
routes_are 'a tls=10.0.0.1:1' || fail "the file was touched"
nothing_beside routes
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
routes_count 2001

sanitized && exit 0	# what a sanitizer needs of /proc
unshare -m true 2>/dev/null || exit 0
put b tls=10.0.0.1:1
exits 0 unshare -m sh -c "mount -t tmpfs none /proc && exec '$ROUTESYNC' -o routes --once '$STORE'"
routes_count 2002
same 644 "$(stat -c %a routes)" mode
nothing_beside routes
