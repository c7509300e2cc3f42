#!/bin/sh
# SPDX-License-Identifier: ISC
# A loss that is held back is forgotten when the file is removed: there is nothing to lose, nor for USR1 to confirm.
. "${0%/*}/lib.sh"

redis
many 30
sync -i 0.2 -m "unix:$T/metrics" "$STORE"
routes_count 30
r flushall
put a.example tls=10.0.0.1:443
logged 'held back: 30 of 30' sync
metric_is 30 routesync_held_routes
rm routes
routes 'a.example tls=10.0.0.1:443'
logged_times 1 'no longer held back' sync
metric_is 0 routesync_held_routes
signal sync USR1
logged 'status .* routes=1 held=0 ' sync
not_logged 'confirmed' sync

# nor was anything confirmed by that
many 40
routes_count 41
r flushall
logged 'held back: 41 of 41' sync
sleep 1
count_is 41 || fail "$(grep -c = routes) routes, not 41"
