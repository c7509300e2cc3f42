#!/bin/sh
# SPDX-License-Identifier: ISC
# What breaks the rules gets its status, the connection closes, and nothing behind is read as a request.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
h='Host: a.test\r\n'
behind='GET /behind HTTP/1.1\r\nHost: a.test\r\n\r\n'
while read -r status request; do
	same "$status eof" "$(statuses "send:$request$behind")" "$request"
	lacks "$(cat one.log)" . 
done <<-'END'
	400 POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n
	501 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n
	400 GET / HTTP/1.1\r\nHost: a.test\r\nX: y\r\n folded\r\n\r\n
	400 GET / HTTP/1.1\r\nHost: a.test\r\nX: y\rz\r\n\r\n
	400 GET / HTTP/1.1\nHost: a.test\n\n
	400 GET / HTTP/1.1\r\nHost: a.test\r\n: empty\r\n\r\n
	400 GET / HTTP/1.1\r\nHost: a.test\r\nX: \x00\r\n\r\n
	400 GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n
	400 GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n
	400 GET / HTTP/1.1\r\n\r\n
	400 GET /\xff HTTP/1.1\r\nHost: a.test\r\n\r\n
	400 GET /a\r\nHost: a.test\r\n\r\n
	405 CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n
	505 GET / HTTP/2.0\r\nHost: a.test\r\n\r\n
	505 PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n
	400 POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n
END
same "200 400 eof" "$(statuses "send:GET /first HTTP/1.1\r\n$h\r\nGET / HTTP/1.1\r\n${h}X y\r\n\r\n$behind")"
not_logged behind one
long=$(head -c 8200 /dev/zero | tr '\0' x)
same "414 eof" "$(statuses "send:GET /$long HTTP/1.1\r\n$h\r\n$behind")"
same "414 eof" "$(statuses "send:GET /$long$long")"
same "431 eof" "$(statuses "send:GET / HTTP/1.1\r\n${h}X: $long$long\r\n\r\n$behind")"
same "431 eof" "$(statuses "send:GET / HTTP/1.1\r\n${h}X: $long$long")"
# so is a first line: nobody waits for the fields behind it
same "400 eof" "$(statuses 'send:SSH-2.0-x\r\n')"
has "$(raw 'send:GET / HTTP/1.1\r\n\r\n')" 'Connection:.x20close.*<h1>400.x20Bad.x20Request</h1>'
# TLS on this port: an alert; bytes that arrive one by one are judged the same
has "$(client "$ADDR" hello:a.test alert)" '^alert=40 version=030[13] end=eof$'
same "400 eof" "$(statuses pieces:1:0.001 "send:GET / HTTP/1.1\r\n${h}X : y\r\n\r\n")"
logged 'hello=malformed .*end=hello$' httpredir
logged 'hello=too-big .*end=hello$' httpredir
