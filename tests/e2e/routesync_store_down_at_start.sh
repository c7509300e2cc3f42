#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that is down at start leaves the file alone, is logged once, and is read as soon as it is there.
. "${0%/*}/lib.sh"

lines 'old tls=10.0.0.1:443' >routes
spawn_sync -i 0.2 -m "unix:$T/metrics" "$STORE"
logged 'store=unreachable' sync
sleep 2
same 1 "$(grep -vc "metrics on unix:" sync.log)" "log lines besides that of -m"
routes_are 'old tls=10.0.0.1:443' || fail "the file was touched"
has "$(curl -s --unix-socket metrics http://x/metrics)" '^routesync_store_up 0$'
has "$(curl -s --unix-socket metrics http://x/metrics)" '^routesync_refresh_age_seconds -1$'

redis
put new tls=10.0.0.2:443
routes 'new tls=10.0.0.2:443'
logged 'store=good' sync
has "$(curl -s --unix-socket metrics http://x/metrics)" '^routesync_store_up 1$'
exits 111 "$ROUTESYNC" -o routes --once "redis+unix://$T/none"
routes_are 'new tls=10.0.0.2:443' || fail "the file was touched by --once"
