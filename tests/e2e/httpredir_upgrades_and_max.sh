#!/bin/sh
# SPDX-License-Identifier: ISC
# An upgraded connection keeps its place in max= until it ends.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY max=1" >routes
front -l 127.0.0.1:0 -r routes
u='GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
free() { get /head | grep -q '^HTTP/1.1 200 '; }
for n in 1 2 3; do	# the third time by a reset
	spawn held$n python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$u" 'until:welcome\n' touch:up$n wait:go$n "$([ $n = 3 ] && echo rst || echo shut)"
	wait_for 5 test -e up$n || fail "no tunnel"
	has "$(get /head)" '^HTTP/1.1 503 '
	has "$(raw "send:$u" shut)" '^got=HTTP/1.1.x20503'
	touch go$n
	ends held$n 0
	wait_for 5 free || fail "tunnel $n has ended, and its place is still taken"
done
