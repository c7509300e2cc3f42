#!/bin/sh
# SPDX-License-Identifier: ISC
# Connections that are idle after traffic hold no buffers: 400 of them cost little memory.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer keeps freed memory"
backend back until:abc data:64k echo
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-per-source 0
client "$ADDR" hello:www.example.org send:abc skip:65536 shut read >/dev/null
before=$(rss_kb "$(pid_of sniroute)")

start_peer herd herd 400 stop "$ADDR" hello:www.example.org send:abc skip:65536
sleep 0.5
[ "$(ls "/proc/$(pid_of sniroute)/fd" | wc -l)" -gt 800 ] || fail "400 connections are not there"
grew=$(($(rss_kb "$(pid_of sniroute)") - before))
[ $grew -lt 1600 ] || fail "$grew KB for 400 idle connections"
touch stop
ends herd 0
logged_times 401 'hello=ok .* tx=65536 .*end=closed$'
