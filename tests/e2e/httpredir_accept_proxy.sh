#!/bin/sh
# SPDX-License-Identifier: ISC
# With --accept-proxy the PROXY header's client is logged, matched and passed on; without one nothing is answered.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY deny=192.0.2.0/24" "b.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --accept-proxy
g='GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
same "403 eof" "$(statuses proxy2:192.0.2.1:5,198.51.100.1:80 "send:$g")"
logged 'peer=192\.0\.2\.1:5 name=a\.test .*end=denied$' httpredir
b='GET /x HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n'
has "$(raw pieces:1:0.001 proxy2:192.0.2.1:5,198.51.100.1:80 "send:$b")" 'X-Forwarded-For:.x20192\.0\.2\.1.x0a'
has "$(raw 'send:PROXY TCP4 192.0.2.9 198.51.100.1 5 80\r\n'"$b")" 'for=192\.0\.2\.9;'
has "$(raw proxy2:local "send:$b")" 'X-Forwarded-For:.x20127\.0\.0\.1.x0a'
same "got= end=eof" "$(raw "send:$b")"
same "got= end=eof" "$(raw 'send:PROXY TCP4 bad\r\n')"
logged 'hello=malformed .*end=hello$' httpredir
stop httpredir
front -l 127.0.0.1:0 -r routes --accept-proxy=192.0.2.0/24
same "200 eof" "$(statuses "send:$g")"
