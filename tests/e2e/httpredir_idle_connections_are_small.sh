#!/bin/sh
# SPDX-License-Identifier: ISC
# Kept-alive connections hold no buffers: 400 of them, after a proxied answer each, cost little memory.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer keeps freed memory"
web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --max-per-source 0
g='GET /size/30k HTTP/1.1\r\nHost: a.test\r\n\r\n'
client "$ADDR" "send:$g" 'until:\r\n\r\n' recv:30720 shut read >/dev/null
before=$(rss_kb "$(pid_of httpredir)")
spawn crowd python3 -SE "$TESTS/peer.py" crowd 400 "$ADDR" "send:$g" 'until:\r\n\r\n' recv:30720 wait:go shut read
opened() { [ "$(ls "/proc/$(pid_of httpredir)/fd" | wc -l)" -gt 400 ] && [ "$(count 'GET /size' one)" -ge 401 ]; }
wait_for 20 opened || fail "400 connections are not there"
sleep 1
grew=$(($(rss_kb "$(pid_of httpredir)") - before))
[ $grew -lt 1600 ] || fail "$grew KB for 400 idle connections"
touch go
ends crowd 0 30
