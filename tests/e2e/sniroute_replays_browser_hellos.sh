#!/bin/sh
# SPDX-License-Identifier: ISC
# Hellos captured from browsers and TLS libraries are routed and arrive byte for byte, in one piece or in many.
. "${0%/*}/lib.sh"

backend back save:seen
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

set -- "$DATA"/hello/*.bin
[ -e "$1" ] || fail "no captures in $DATA/hello"
for f; do
	for pieces in 0:0 1:0 97:0.001; do
		rm -f seen
		out=$(client "$ADDR" pieces:$pieces "file:$f" shut read)
		same "got= end=eof" "$out" "$f in pieces of $pieces"
		cmp "$f" seen
	done
	exits 0 "$SNIROUTE" -r routes -x - <"$f"
done
lacks "$(cat sniroute.log)" 'hello=(malformed|not-tls|too-big|timeout|eof)'
