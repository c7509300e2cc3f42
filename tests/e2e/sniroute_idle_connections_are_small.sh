#!/bin/sh
# SPDX-License-Identifier: ISC
# Connections that are idle after traffic hold no buffers: 400 of them cost little memory.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer keeps freed memory"
backend back until:abc data:64k echo
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-per-source 0
client "$ADDR" hello:www.example.org send:abc recv:65536 shut read >/dev/null
before=$(rss_kb "$(pid_of sniroute)")

spawn crowd python3 -SE "$TESTS/peer.py" crowd 400 "$ADDR" hello:www.example.org send:abc recv:65536 wait:go shut read
opened() { [ "$(ls "/proc/$(pid_of sniroute)/fd" | wc -l)" -gt 800 ]; }
wait_for 20 opened || fail "400 connections are not there"
sleep 1
grew=$(($(rss_kb "$(pid_of sniroute)") - before))
[ $grew -lt 1600 ] || fail "$grew KB for 400 idle connections"
touch go
ends crowd 0 30
has "$(cut -c 1-30 crowd.log)" '^400 x got='
