#!/bin/sh
# SPDX-License-Identifier: ISC
# A loss found at start stays held, though nodes publish some of the lost names and withdraw them.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
many 40
sync -i 0.2 -m "unix:$T/metrics" "$STORE"
routes_count 40
stop sync
r flushall
many 18
rm -f metrics
spawn_sync -i 0.2 -m "unix:$T/metrics" "$STORE"
logged 'held back: 22 of 40' sync
for i in 20 21; do
	r set "/tcprouter/live/node.1/h$i.example" tls=10.0.0.9:1
	metric_is 19 routesync_keys
	r del "/tcprouter/live/node.1/h$i.example"
	metric_is 18 routesync_keys
done
sleep 0.5		# some refreshes
count_is 40 || fail "$(grep -c = routes) routes: nobody confirmed that"
