#!/bin/sh
# SPDX-License-Identifier: ISC
# Listening addresses by thousands of names that have no address cost the event loop little: connections don't wait for them.
. "${0%/*}/lib.sh"

{ echo '127.0.0.1:0 tcp=127.0.0.1:9'; seq -f 'h%.0f.onion:80 tcp=127.0.0.1:9' 16000; } >routes
start sniroute "$SNIROUTE" -n 9 -r routes
pid=$(pid_of sniroute)
loop_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$pid/task/$pid/stat"; }

wait_for 20 grep -q 'h16000.onion:80: the name has no address' sniroute.log || fail "not looked up"
before=$(loop_ms)
sleep 4		# several tries: each asks for all names, or has their answers
took=$(($(loop_ms) - before))
[ "$took" -lt 400 ] || fail "$took ms of processor time in 4 s"
