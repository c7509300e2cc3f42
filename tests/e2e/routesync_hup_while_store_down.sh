#!/bin/sh
# SPDX-License-Identifier: ISC
# HUP while the store is down connects at once, and the try that was due later does not cut that connection: a slow first
# answer is waited for, and the store is followed, and written to, from then on.
. "${0%/*}/lib.sh"

# It is there, under another name: it comes up by one rename.
store() { start "$1" python3 -SE "$TESTS/routesync_store.py" "$1.hidden" "$2" 4 /tcprouter/service/a tls=10.0.0.1:443; }
comes_up() { # STORE CLIENT: behind the sixth failure, when the next try is due in 1.6 to 3.2 s
	wait_for 20 has_lines 6 'unreachable' "$2" || fail "no tries"
	mv "$1.hidden" "$1.sock"
	signal "$2" HUP
}
store read SCAN
spawn sync "$ROUTESYNC" -v -o routes -i 0.2 "redis+unix://$T/read.sock"
comes_up read sync
store written SET
echo 'b tls=10.0.0.2:443' >live
spawn pub "$ROUTESYNC" -v --publish live --ttl 1 "redis+unix://$T/written.sock"
comes_up written pub

wait_for 20 routes_are 'a tls=10.0.0.1:443' || fail "not read: $(cat read.log)"
followed() { has_lines "$(($1 + 3))" SCAN read; }
wait_for 10 followed "$(count SCAN read)" || fail "not followed: $(cat read.log)"
renewed() { has_lines "$(($1 + 3))" PEXPIRE written; }
wait_for 20 renewed "$(count PEXPIRE written)" || fail "not renewed: $(cat written.log)"
