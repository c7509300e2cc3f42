#!/bin/sh
# SPDX-License-Identifier: ISC
# The server ends, however: the client comes back by itself, logs each change once, and says it is ready only the first time.
. "${0%/*}/lib.sh"

named web && WEB=$READY
at=127.0.0.1:$(free_port)

# Nobody there at first: not ready, tried again, one line.
start_peer notified notify "$T/notify"
key c.key >/dev/null
hub -l 127.0.0.1:0 && stop tunneld
export NOTIFY_SOCKET="$T/notify"
spawn_tunnel c -s "$at" "tcp=$WEB" -v -m "unix:$T/metrics"
unset NOTIFY_SOCKET
logged "warn: server=$at link=down reason=\"$at: Connection refused\" retry_ms=[0-9]+$" c
wait_for 10 has_lines 3 'reach -> closed' c || fail "it does not try again"
same 1 "$(count 'reason=' c)" "lines about the failure"
signal c HUP
not_logged . notified
# Within 1 s, then 2, 4 and so on; not by the clock.
grep -o 'retry_ms=[0-9]*' c.log | cut -d= -f2 | awk '{ if ($1 > 1000 * 2 ^ (NR - 1)) { print "retry " NR " after " $1; exit 1 } }' ||
    fail "it is too patient"
grep -o 'retry_ms=.*' c.log | grep -qv '000$' || fail "no chance in it"

hub -l "$at"
wait_for 20 has_lines 1 'link=up' c || fail "it does not come"
logged 'READY=1' notified
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
has "$(curl -sS --unix-socket metrics http://x/metrics)" '^tunnelc_up 1$'

# Killed: back after a second at most, when the next one is there.
kill -9 "$(pid_of tunneld)"
wait_for 5 gone "$(pid_of tunneld)"
forget tunneld
logged "link=down reason=" c
has "$(curl -sS --unix-socket metrics http://x/metrics)" '^tunnelc_up 0$'
hub -l "$at"
wait_for 20 has_lines 2 'link=up' c || fail "it does not come back"
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"

# Stopped for good and resumed: neither side believes in the other any more.
stop tunneld
hub -l "$at" --heartbeat 0.5 --dead-after 1.5
wait_for 20 has_lines 3 'link=up' c || fail "it does not come back"
kill -STOP "$(pid_of tunneld)"
wait_for 10 grep -qE 'reason="silent: nothing came for [0-9]+ ms"' c.log || fail "silence is not noticed"
kill -CONT "$(pid_of tunneld)"
wait_for 20 has_lines 4 'link=up' c || fail "it does not come back"
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
same 1 "$(count 'READY=1' notified)" "times ready"

# A status line a server; HUP harms nobody.
signal c HUP
signal c USR1
logged "status server=$at link=up up_ms=[0-9]+ visitors=0 failures=[0-9]+ names=$ID.tun.test draining=no" c
logged 'RELOADING=1' notified
signal c TERM
ends c 0
logged 'STOPPING=1' notified
