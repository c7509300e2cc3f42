#!/bin/sh
# SPDX-License-Identifier: ISC
# A loss that is held back is not logged anew whenever a key comes or goes, only when it has grown.
. "${0%/*}/lib.sh"

redis
many 40
sync -i 0.1 -m "unix:$T/metrics" "$STORE"
routes_count 40
r eval "for i=1,30 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
logged 'held back: 30 of 40' sync
for i in 1 2 3; do
	put h1.example tls=10.0.0.2:443
	metric_is 29 routesync_held_routes
	r del /tcprouter/service/h1.example
	metric_is 30 routesync_held_routes
done
logged_times 1 'held back' sync
r del /tcprouter/service/h31.example
logged 'held back: 31 of 40' sync
logged_times 2 'held back' sync
count_is 40 || fail "$(grep -c = routes) routes"

# the next one is news again
many 40
logged_times 1 'no longer held back' sync
r eval "for i=1,30 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
logged_times 2 'held back: 30 of 40' sync
