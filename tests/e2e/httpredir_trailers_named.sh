#!/bin/sh
# SPDX-License-Identifier: ISC
# A trailer field that Connection names goes no further, in either direction.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
hex() { printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n'; }
body='5\r\nhello\r\n0\r\nX-Hop: 1\r\nX-Ok: 2\r\n\r\n'
l='GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
# asked CONNECTION: of a request with this field, what its target says it got;  answered CONNECTION: of an answer, what
# the client gets
asked() {
	raw "send:POST /body HTTP/1.1\r\nHost: a.test\r\nConnection: $1\r\nTransfer-Encoding: chunked\r\n\r\n$body$l"
}
answered() {
	raw "send:GET /rawend/$(hex "HTTP/1.1 200 OK\r\nConnection: $1\r\nTransfer-Encoding: chunked\r\n\r\n$body") HTTP/1.1\r\nHost: a.test\r\n\r\n$l"
}

for c in X-Hop 'keep-alive, x-hOP' 'X-Other\r\nConnection: X-Hop'; do
	out=$(asked "$c")
	has "$out" 'bytes=5.*chunked=yes.x20trailers=.x0a.*200.*end=eof'
	lacks "$out" 'X-Hop'
	out=$(answered "$c")
	has "$out" 'hello.x0d.x0a0.x0d.x0a.x0d.x0a.*200.*end=eof'
	lacks "$out" 'X-Hop'
done
lacks "$(answered 'close, X-Hop')" 'X-Hop'
# in pieces
lacks "$(raw pieces:1:0.001 "send:POST /body HTTP/1.1\r\nHost: a.test\r\nConnection: X-Hop\r\nTransfer-Encoding: chunked\r\n\r\n$body$l")" 'X-Hop'

# all pass from who names only what is about the connection, TE among it
for c in keep-alive 'TE, keep-alive\r\nTE: trailers' 'Upgrade, te\r\nUpgrade: x'; do
	has "$(asked "$c")" 'bytes=5.*trailers=X-Hop:1,X-Ok:2'
	has "$(answered "$c")" 'hello.x0d.x0a0.x0d.x0aX-Hop:1.x0d.x0aX-Ok:2.x0d.x0a.x0d.x0a'
done
