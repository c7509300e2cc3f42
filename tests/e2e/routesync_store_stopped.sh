#!/bin/sh
# SPDX-License-Identifier: ISC
# A stopped store (SIGSTOP) keeps the file, is noticed and logged once, and is followed again when it goes on.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
sync -i 0.2 "$STORE"
kill -STOP "$(pid_of redis)"
wait_for 9 grep -q 'store=unreachable .*"no answer"' sync.log || fail "not noticed"
sleep 6
logged_times 1 store=unreachable sync
routes_are 'a tls=10.0.0.1:443' || fail "the file was touched"
kill -CONT "$(pid_of redis)"
put b tls=10.0.0.2:443
wait_for 12 routes_are 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' || fail "not followed again"
logged_times 2 'store=good' sync
logged_times 1 'store=unreachable' sync
