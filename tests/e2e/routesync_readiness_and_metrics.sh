#!/bin/sh
# SPDX-License-Identifier: ISC
# Ready after the first good file, on the descriptor and for systemd; metrics; TERM and INT end it with 0.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
put b broken
spawn notify socat -u "UNIX-RECV:$T/notify" CREATE:notified
wait_for 5 test -S notify || fail "no socket"
NOTIFY_SOCKET=$T/notify sync -i 0.2 -m "unix:$T/metrics" "$STORE"
same '' "$READY" "ready line"
routes_are 'a tls=10.0.0.1:443' || fail "ready before the file"
wait_for 3 grep -q READY=1 notified || fail "no READY=1"
signal sync HUP
wait_for 3 grep -q RELOADING=1 notified || fail "no RELOADING=1"
metrics=$(curl -s --unix-socket metrics http://x/metrics)
for m in 'store_up 1' 'keys 2' 'malformed_keys 1' 'routes 1' 'held_routes 0' 'refresh_age_seconds [01]' 'refresh_duration_seconds 0\.[0-9]{3}' \
    'refreshes_total\{result="ok"\} [1-9]' 'writes_total\{result="ok"\} 1'; do
	has "$metrics" "^routesync_$m"
done
signal sync USR1
logged 'status store=up watched=no keys=2 malformed=1 routes=1 held=0 age=' sync
signal sync TERM
ends sync 0
wait_for 3 grep -q STOPPING=1 notified || fail "no STOPPING=1"
[ ! -e metrics ] || fail "its socket is left behind"
sync "$STORE"
signal sync INT
ends sync 0
# not ready as long as there is no good file
mkfifo ready
spawn late sh -c "exec '$ROUTESYNC' -o late -n 9 redis+unix://$T/none 9>ready"
( timeout 1 cat ready >got || : )
same '' "$(cat got)" "ready without a store"
