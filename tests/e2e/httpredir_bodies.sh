#!/bin/sh
# SPDX-License-Identifier: ISC
# Bodies pass both ways, by length, in chunks and up to the end; trailers, HEAD, 204 and 304 too.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
sum() { sha256sum | cut -c 1-16; }
head -c 3000000 /dev/urandom >body
sha=$(sum <body)
has "$(get /body -T body)" "bytes=3000000 sha=$sha chunked=no"
has "$(get /body -T body -H 'Transfer-Encoding: chunked')" "bytes=3000000 sha=$sha chunked=yes"
same "$sha" "$(curl -sS --max-time 20 --connect-to "::$ADDR" -T body http://a.test/echo | sum)"
want=$(python3 -SEc 'import sys; sys.path.insert(0, sys.argv[1]); import peer
for b in peer.stream(2 << 20): sys.stdout.buffer.write(b)' "$TESTS" | sum)
for how in size chunked close; do
	for v in --http1.1 --http1.0; do
		same "$want" \
		    "$(curl -sS --max-time 20 $v --connect-to "::$ADDR" "http://a.test/$how/2m" | sum)" "$how $v"
	done
done
has "$(raw 'send:GET /chunked/3 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')" '0.x0d.x0aX-Sum:17.x0d.x0a.x0d.x0a end=eof'
lacks "$(raw 'send:GET /chunked/3 HTTP/1.0\r\nHost: a.test\r\n\r\n')" 'chunked|X-Sum:|Content-Length'
has "$(get /size/5 -I)" '^Content-Length: 5'
l='GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
for status in 204 304; do
	same "$status 200 eof" "$(statuses "send:GET /status/$status HTTP/1.1\r\nHost: a.test\r\n\r\n$l")"
done
same "200 200 eof" "$(statuses "send:HEAD /size/7 HTTP/1.1\r\nHost: a.test\r\n\r\n$l")"
same "200 200 200 eof" "$(statuses "send:GET /close/7 HTTP/1.1\r\nHost: a.test\r\n\r\n"'GET /chunked/9 HTTP/1.1\r\nHost: a.test\r\n\r\n'"$l")"
c='POST /body HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n00001 ;z\r\n!\r\n0\r\nX-T: 1\r\nHost: evil\r\n\r\n'
same "200 200 eof" "$(statuses "send:$c$l")"
has "$(cat raw.out)" 'bytes=6.*trailers=X-T:1.x0a'
same "200 200 eof" "$(statuses pieces:1:0.001 "send:$c$l")"
has "$(cat raw.out)" 'bytes=6.*trailers=X-T:1.x0a'
# old servers fill up the sizes of their chunks with blanks
padded=$(printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5   \r\nhello\r\n0   \r\n\r\n' | od -An -v -tx1 | tr -d ' \n')
same "200 200 eof" "$(statuses "send:GET /raw/$padded HTTP/1.1\r\nHost: a.test\r\n\r\n$l")"
has "$(cat raw.out)" '5.x0d.x0ahello.x0d.x0a0.x0d.x0a'
