#!/bin/sh
# SPDX-License-Identifier: ISC
# A file that is held back at start is no good file: readiness waits for it, over any number of refreshes.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
many 30
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
r flushall
mkfifo ready
spawn sync sh -c "exec '$ROUTESYNC' -n 9 -o routes -i 0.2 -m 'unix:$T/metrics' '$STORE' 9>ready"
{ cat; echo end; } <ready >got &
logged 'held back: 30 of 30' sync
refreshed() { [ "$(metric 'routesync_refreshes_total{result="ok"}')" -ge 5 ]; }
wait_for 5 refreshed || fail "it does not refresh"
signal sync HUP
sleep 0.5
same 0 "$(wc -c <got)" "bytes while held back"
signal sync USR1
wait_for 5 grep -qx end got || fail "not ready when it was confirmed"
same "$(printf '\nend')" "$(cat got)" "ready line"
routes
