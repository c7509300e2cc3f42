#!/bin/sh
# SPDX-License-Identifier: ISC
# Without descriptors accepting pauses, kept connections give way, and all recovers by itself.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
start httpredir sh -c 'ulimit -n 40; exec "$@"' sh "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r routes --max-conns 1000 --max-per-source 0
ADDR=$READY
spawn crowd python3 -SE "$TESTS/peer.py" crowd 60 "$ADDR" 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n' wait:go shut read
logged 'accepting paused' httpredir
before=$(cpu_ms "$(pid_of httpredir)")
sleep 1
used=$(($(cpu_ms "$(pid_of httpredir)") - before))
[ $used -lt 300 ] || fail "$used ms of processor time in a second of waiting"
touch go
ends crowd 0 30
same 60 "$(grep 'HTTP/1\.1.x20308' crowd.log | awk '{ n += $1 } END { print n }')"
has "$(get /body)" 'bytes=0'
