#!/bin/sh
# SPDX-License-Identifier: ISC
# Without polling (-i 0) notifications that break off, the store being well otherwise, are asked for again by themselves.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
put a tls=10.0.0.1:443
sync -i 0 "$STORE"
watched() { signal sync USR1; grep -q 'watched=yes' sync.log; }
wait_for 5 watched || fail "not watched"
r client kill type pubsub
put b tls=10.0.0.2:443
wait_for 15 routes_are 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' || fail "not followed"
put c tls=10.0.0.3:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' 'c tls=10.0.0.3:443'
not_logged 'store=unreachable' sync
