#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients that have not said who they want cost little memory, and memory grows only with the bytes they send.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer keeps freed memory"
echo "* tls=127.0.0.1:9" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 30 --hello-max 65536 --max-per-source 0
pid=$(pid_of sniroute)
before=$(rss_kb "$pid")

start_peer herd herd 300 stop "$ADDR" hex:1603014000010fffff
sleep 0.5
grew=$(($(rss_kb "$pid") - before))
[ $grew -lt 1000 ] || fail "$grew KB for 300 clients of 9 bytes"
cpu=$(cpu_ms "$pid")
sleep 1
[ $(($(cpu_ms "$pid") - cpu)) -lt 50 ] || fail "waiting costs processor time"
touch stop
