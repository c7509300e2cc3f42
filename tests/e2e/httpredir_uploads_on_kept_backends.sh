#!/bin/sh
# SPDX-License-Identifier: ISC
# A body that has come before the request is looked at goes up a kept connection whole, however much of it waits.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
first='GET /status/204 HTTP/1.1\r\nHost: a.test\r\n\r\n'
head='POST /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n'

# stopped WANT WORD...: a client has had an answer, and does these words while httpredir is stopped
stopped() {
	local want="$1"; shift
	rm -f had go sent
	spawn up python3 -SE "$TESTS/peer.py" client "$ADDR" timeout:5 "send:$first" 'until:\r\n\r\n' touch:had wait:go \
	    "$@" touch:sent read
	wait_for 5 test -e had || fail "no first answer"
	signal httpredir STOP
	touch go
	wait_for 5 test -e sent || fail "the body is not under way"
	sleep 0.1
	signal httpredir CONT
	ends up 0 10
	has "$(cat up.log)" "$want.*end=eof$"
	rm up.log
}

for size in 66000 100000 120000; do
	head -c $size /dev/zero >body
	stopped "bytes=$size.x20" "send:${head}Content-Length: $size\r\n\r\n" file:body
	{ printf '%x\r\n' $size; cat body; printf '\r\n0\r\n\r\n'; } >chunked
	stopped "bytes=$size.x20" "send:${head}Transfer-Encoding: chunked\r\n\r\n" file:chunked
	# behind another request in the same bytes
	stopped "204.*bytes=$size.x20" "send:$first${head}Content-Length: $size\r\n\r\n" file:body
done
[ "$(count '/body' one)" = 9 ] || fail "not 9 bodies"
not_logged 'conn=[2-9]' one
