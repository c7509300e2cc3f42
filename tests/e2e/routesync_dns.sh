#!/bin/sh
# SPDX-License-Identifier: ISC
# A store by name: every address is tried, DNS that is away or comes late is only one more bad day, and a store that moves is
# found, however long the old answer has to live.
. "${0%/*}/lib.sh"

own_network
use_own_dns
redis redis --port 6379 --bind 127.0.0.2
put a tls=10.0.0.1:443
spawn_sync -i 0.2 redis://store.test
logged 'store=unreachable' sync
DNS_TTL=600
dns '127.0.0.1 store.test' '::1 store.test' '127.0.0.2 store.test'
wait_for 15 routes_are 'a tls=10.0.0.1:443' || fail "not read by name"
logged_times 1 'store=unreachable' sync

echo '127.0.0.3 store.test' >hosts.dns
signal dns HUP
stop redis
redis redis --port 6379 --bind 127.0.0.3
put b tls=10.0.0.2:443
wait_for 15 routes_are 'b tls=10.0.0.2:443' || fail "not found at its new address"
kill "$(pid_of sync)"
ends sync 0
