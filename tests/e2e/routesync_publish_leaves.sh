#!/bin/sh
# SPDX-License-Identifier: ISC
# TERM withdraws what is being published at that moment, too, and is obeyed although the store does not answer.
. "${0%/*}/lib.sh"

redis
published() { redis-cli -s redis.sock --scan | sed 's,.*/,,' | sort | paste -sd ' '; }
publisher() { start pub "$ROUTESYNC" --publish file --ttl 60 -n 9 "$STORE"; }
printf '%s\n' 'a.test tls=10.0.0.1:443' 'b.test tls=10.0.0.1:443' >file
publisher
same "a.test b.test" "$(published)"
signal redis STOP
printf '%s\n' 'a.test tls=10.0.0.1:443' 'b.test tls=10.0.0.2:443' 'c.test tls=10.0.0.1:443' >file
signal pub HUP
signal pub USR1
logged 'status ' pub	# so the new file is on its way to the store
signal pub TERM
signal redis CONT
ends pub 0
same '' "$(published)" "left in the store"
not_logged 'withdrawn' pub

publisher
signal redis STOP
began=$(now_ms)
signal pub TERM
ends pub 0 20
ms=$(($(now_ms) - began))
[ $ms -ge 2900 ] || fail "the store had $ms ms"
logged 'published routes could not be withdrawn; they will expire' pub
signal redis CONT
