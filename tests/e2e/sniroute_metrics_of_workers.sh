#!/bin/sh
# SPDX-License-Identifier: ISC
# Metrics are one answer for all workers, whichever process is asked.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes -m "unix:$T/metrics" -j 3
total() {
	curl -sS --max-time 10 --unix-socket metrics http://localhost/metrics |
		awk '/^sniroute_connections_total/ { n += $2 } END { print n + 0 }'
}

for i in $(seq 12); do answers www.example.org a || fail "not served"; done
agrees() { [ "$(total)" = 12 ]; }
wait_for 3 agrees || fail "12 connections, not $(total)"
for i in 1 2 3 4 5 6; do same 12 "$(total)"; done
