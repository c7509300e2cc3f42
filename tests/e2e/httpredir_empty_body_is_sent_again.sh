#!/bin/sh
# SPDX-License-Identifier: ISC
# A request whose body is said to be empty has none: it is sent again like others when a kept connection gives no answer.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 204 X\r\n\r\n' 'until:\r\n\r\n' close
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
first='GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

second() { # STATUS METHOD REST: what the second request on a kept connection gets
	same "$1 eof" "$(statuses "send:$first" 'skip:18' "send:$2 / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n$3")" "$2 $3"
}
second 204 GET '\r\n'
second 204 GET 'Content-Length: 0\r\n\r\n'
second 502 GET 'Content-Length: 2\r\n\r\nhi'
second 502 POST 'Content-Length: 0\r\n\r\n'
