#!/bin/sh
# SPDX-License-Identifier: ISC
# rediss://: notifications that break off without a farewell leave the other connection to the store alone.
. "${0%/*}/lib.sh"

command -v socat >/dev/null || skip "no socat"
redis_over_tls
export SSL_CERT_FILE="$T/server.crt"
many 200
LINE=$(free_port)
spawn line socat -b 500 "TCP-LISTEN:$LINE,bind=127.0.0.1,fork" "TCP:127.0.0.1:$PORT"	# no record comes in one piece
wait_for 5 sh -c 'ss -Hltn "sport = :$1" | grep -q .' sh "$LINE" || fail "no line"

sync -i 3600 -v "rediss://localhost:$LINE"
watched() { signal sync USR1; grep -q 'watched=yes' sync.log; }
wait_for 5 watched || fail "not watched"
kill "$(pgrep -P "$(pid_of line)" | tail -n 1)"
logged 'no notifications: ' sync
many 1 201
signal sync HUP
routes_count 201
not_logged 'store=unreachable' sync
