#!/bin/sh
# SPDX-License-Identifier: ISC
# The store is read by SCAN, never by KEYS, and nothing in it is changed.
. "${0%/*}/lib.sh"

redis
many 3000
spawn monitor redis-cli -s "$T/redis.sock" monitor
wait_for 5 grep -q OK monitor.log
sync -i 0.2 "$STORE"
routes_count 3000
sleep 0.5
stop sync
wait_for 3 grep -q SCAN monitor.log || fail "no SCAN"
has "$(cut -c 1-200 monitor.log)" '"MGET"'
lacks "$(cut -c 1-200 monitor.log)" '"(KEYS|SET|DEL|FLUSH.*|keys)"'
lacks "$(cut -c 1-200 monitor.log)" '"CONFIG" "SET"'
