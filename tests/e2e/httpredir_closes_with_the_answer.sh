#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer that ends its connection arrives whole, also when the client is still sending.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
for host in a.test b.test c.test; do
	spawn "crowd$host" python3 -SE "$TESTS/peer.py" crowd 20 "$ADDR" "send:GET /size/9 HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n" read
	ends "crowd$host" 0 20
	has "$(cat "crowd$host.log")" '^20 x got=HTTP.* end=eof$|^[0-9]+ x got=HTTP.*Date.* end=eof$'
	lacks "$(cat "crowd$host.log")" 'failed|reset'
done
for i in 1 2 3; do
	has "$(raw 'send:bad\r\n\r\n' flood:0.5)" '^(failed=.*)?got=HTTP/1\.1.x20400.*end='
done
same "308 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\nGET /behind HTTP/1.1\r\nHost: b.test\r\n\r\n')"
