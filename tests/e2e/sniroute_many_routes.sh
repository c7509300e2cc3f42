#!/bin/sh
# SPDX-License-Identifier: ISC
# A large file is loaded beside the running service: clients are served without delay, and memory stays near its size.
. "${0%/*}/lib.sh"

named a
named b
lines=1000000
sanitized && lines=100000
big() { echo "www.example.org tls=$(addr_of "$1")"; seq -f "h%08.0f.example.net tls=$(addr_of "$1") proxy=v2" $lines; }
big a >routes
serve -l 127.0.0.1:0 -r routes
answers h00012345.example.net a || fail "not found"
big b >new
size=$(($(stat -c %s new) / 1024))
mv new routes

begin=$(now_ms)
spawn_peer loop slowest stop "$ADDR" hello:www.example.org shut read
wait_for 60 answers h00099999.example.net b || fail "not reloaded"
touch stop
ends loop 0 20
slowest=$(sed -n 's/^slowest_ms=//p' loop.log)
echo "reload of $lines lines: $(($(now_ms) - begin)) ms, slowest connection $slowest ms"
[ "$slowest" -lt 1000 ] || fail "a client waited $slowest ms during the reload"
sleep 1
kb=$(rss_kb "$(pid_of sniroute)")
sanitized || [ "$kb" -lt $((size * 2)) ] || fail "$kb KB for a file of $size KB"
