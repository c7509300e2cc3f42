#!/bin/sh
# SPDX-License-Identifier: ISC
# Keys of the store itself that expire one after the other soon after a reconnect are one loss, for the guard to see.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA --hz 100
sync -i 3600 "$STORE"
watched() { [ "$(redis-cli -s redis.sock pubsub numpat)" = 1 ]; }
wait_for 5 watched || fail "no subscription"
r client kill type normal
logged_times 2 'store=good' sync
wait_for 5 watched || fail "no subscription"

# 100 keys, which expire within 300 ms; a few may go before on a machine that stalls
now=$(now_ms)
seq 1 100 | while read -r i; do
	echo "SET /tcprouter/service/h$i.example tls=10.0.0.2:443 PXAT $((now + 4000 + i * 3))"
done | r --pipe
routes_count 100
[ "$(now_ms)" -lt $((now + 3900)) ] || skip "too slow to see them before they expire"
empty() { [ "$(redis-cli -s redis.sock dbsize)" = 0 ]; }
wait_for 10 empty || fail "not expired"
logged 'held back: ([0-9]+) of \1 ' sync
[ "$(grep -c = routes)" -ge 80 ] || fail "$(grep -c = routes) routes"
