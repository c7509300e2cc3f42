#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that ends its upload when it sees an early answer gets the rest of that answer.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 413 X\r\nContent-Length: 20000\r\n\r\n' wait:go data:20000 sum
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
spawn_peer up client "$ADDR" 'send:POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n' data:100000 \
    'until:\r\n\r\n' shut touch:shut sum
wait_for 5 test -e shut || fail "no head of an answer"
for i in 1 2 3; do	# by then it has seen the end, too
	has "$(HOST=b.test get /)" '^HTTP/1.1 308 '
done
touch go
ends up 0
has "$(cat up.log)" 'got=HTTP/1.1.x20413.*Connection:.x20close'
has "$(cat up.log)" '^bytes=20000 .* end=eof$'
logged 'name=a.test .* end=closed$' httpredir
logged '^1 bytes=.* end=reset$' back	# it must not take the part for a whole body
