#!/bin/sh
# SPDX-License-Identifier: ISC
# A loss that is held back stays held back however often published names come and go meanwhile, and is no greater for
# them.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
many 40
r set /tcprouter/live/node.1/seen.example tls=10.0.0.9:1
sync -i 0.2 -m "unix:$T/metrics" "$STORE"
routes_count 41
r eval "for i=1,30 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
logged 'held back: 30 of 41' sync

# come_and_go KEY: routesync sees both
come_and_go() {
	r set "$1" tls=10.0.0.9:1
	metric_is $((keys + 1)) routesync_keys
	r del "$1"
	metric_is $keys routesync_keys
}
keys=11
metric_is $keys routesync_keys
for i in 1 2 3 1 2 3 1 2 3 1 2 3; do
	come_and_go "/tcprouter/live/node.1/t$i.example"
	count_is 41 || fail "not held back any more: $(grep -c = routes) routes"
done
r del /tcprouter/live/node.1/seen.example
metric_is 10 routesync_keys
metric_is 30 routesync_held_routes
logged_times 1 'held back:' sync

# what is confirmed goes, and the tunnel with it
signal sync USR1
routes_count 10
logged 'confirmed: 30 of 41 routes' sync
stop sync

# at start too
for i in 1 2 3 4 5; do r set "/tcprouter/live/node.1/t$i.example" tls=10.0.0.9:1; done
many 40
exits 0 "$ROUTESYNC" --once -o routes "$STORE"
same 45 "$(grep -c = routes)" "routes"
r eval "for i=19,40 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
rm -f metrics
spawn_sync -i 0.2 --max-shrink 40 -m "unix:$T/metrics" "$STORE"
logged 'held back: 22 of 45' sync
for i in 1 2 3 4 5; do r del "/tcprouter/live/node.1/t$i.example"; done
metric_is 18 routesync_keys
signal sync USR1
routes_count 18
logged 'confirmed: 22 of 45 routes' sync
