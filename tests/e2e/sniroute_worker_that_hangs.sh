#!/bin/sh
# SPDX-License-Identifier: ISC
# A worker that hangs does not hold up the end for ever: it is killed a while after the grace. The end is said once, for all.
. "${0%/*}/lib.sh"

backend held send:x wait:never
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes -j 2 -g 1
spawn_peer one client "$ADDR" hello:a.example.org recv:1 touch:one.there read
spawn_peer two client "$ADDR" hello:a.example.org recv:1 touch:two.there read
wait_for 5 test -e one.there
wait_for 5 test -e two.there
parent=$(pid_of sniroute)
hangs=$(pgrep -P "$parent" | head -n 1)
kill -STOP "$hangs"
begin=$(now_ms)
signal sniroute TERM
ends sniroute 0 15
ms=$(($(now_ms) - begin))
[ "$ms" -ge 900 ] && [ "$ms" -lt 12000 ] || fail "ended after $ms ms"
logged "warn: worker pid=$hangs hangs: killed$"
gone "$hangs" || fail "the worker that hangs is still there"
logged_times 1 'info: stopping: '
logged 'info: stopping: 2 connections have 1 s to finish$'
