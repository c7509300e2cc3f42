#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that comes back empty is held back until USR1 confirms just that loss; at start it counts against the file.
. "${0%/*}/lib.sh"

redis
many 100
sync -i 0.2 -m "unix:$T/metrics" "$STORE"
routes_count 100
r flushall
logged 'held back: 100 of 100 routes' sync
sleep 1
same 100 "$(grep -c = routes)" "routes while held"
same 1 "$(count 'held back' sync)" "log lines"
has "$(curl -s --unix-socket metrics http://x/metrics)" '^routesync_held_routes 100$'

# it comes back by itself
many 60
logged 'no longer held back' sync
routes_count 60

# 30 of 60 is half, not more; 16 of 30 is more
r eval "for i=1,30 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
routes_count 30
r eval "for i=31,46 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
logged 'held back: 16 of 30' sync
signal sync USR1
routes_count 14
logged 'confirmed: 16 of 30' sync

# fewer than 20: followed without question, and told; USR1 with nothing held back confirms nothing
not_logged 'removed:' sync
r flushall
routes
logged_times 1 'warn: removed: 14 of 14 routes from routes$' sync
many 40
routes_count 40
signal sync USR1
logged 'status store=up .* routes=40 held=0' sync
r flushall
logged 'held back: 40 of 40' sync
stop sync

# at start it counts against the file, and a confirmation does not reach further than what was held
many 15
spawn_sync -i 0.2 "$STORE"
logged_times 1 'held back: 25 of 40' sync
r del /tcprouter/service/h1.example
logged 'held back: 26 of 40' sync
same 40 "$(grep -c = routes)" "routes at start"
signal sync USR1
routes_count 14
stop sync

# --once fails; --max-shrink 100 holds nothing back
many 40
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
r flushall
exits 111 "$ROUTESYNC" -o routes --once "$STORE"
same 40 "$(grep -c = routes)" "routes after --once"
exits 0 "$ROUTESYNC" -o routes --once --max-shrink 100 "$STORE"
same 0 "$(grep -c = routes)" "routes after --max-shrink 100"
