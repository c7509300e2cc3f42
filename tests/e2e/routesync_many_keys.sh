#!/bin/sh
# SPDX-License-Identifier: ISC
# 100,000 keys: read in a second or two, in bounded memory, and refreshed without touching the file.
. "${0%/*}/lib.sh"

redis
many 100000
begin=$(now_ms)
sync -i 0.5 "$STORE"
took=$(($(now_ms) - begin))
routes_count 100000
echo "first file after $took ms"
sanitized || [ "$took" -lt 3000 ] || fail "first file after $took ms"
was=$(stat -c '%i %y' routes)
sleep 2
same "$was" "$(stat -c '%i %y' routes)" "untouched file"
sanitized || [ "$(rss_kb "$(pid_of sync)")" -lt 65536 ] || fail "$(rss_kb "$(pid_of sync)") KiB of memory"
r flushall
logged 'held back: ([0-9]+) of \1 routes' sync	# a refresh under way may have lost a few
[ "$(grep -c = routes)" -ge 95000 ] || fail "$(grep -c = routes) routes left"
nothing_beside routes
exits 0 "$SNIROUTE" -c -r routes
