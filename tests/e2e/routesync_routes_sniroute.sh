#!/bin/sh
# SPDX-License-Identifier: ISC
# What changes in the store routes sniroute's next connection within 1.2 s; listening addresses are bound and closed.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
named one
named two
put www.example.org "tls=$(addr_of one)"
sync -i 3600 "$STORE"
serve -l 127.0.0.1:0 -r routes
answers www.example.org one || fail "not routed"
wait_for 5 sh -c 'redis-cli -s redis.sock pubsub numpat | grep -qx 1' || fail "no subscription"
for who in two one; do
	begin=$(now_ms)
	put www.example.org "tls=$(addr_of $who)"
	while ! answers www.example.org $who; do [ $(($(now_ms) - begin)) -lt 5000 ] || fail "$who is not routed to"; done
	took=$(($(now_ms) - begin))
	echo "$took ms"
	sanitized || [ "$took" -lt 1200 ] || fail "routed after $took ms"
done
