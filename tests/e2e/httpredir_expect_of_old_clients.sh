#!/bin/sh
# SPDX-License-Identifier: ISC
# HTTP/1.0 knows no Expect: it is not passed on, no interim answer comes back, and the body is sure to come.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
echo "b.test tls=127.0.0.1:1" >>routes
front -l 127.0.0.1:0 -r routes
e="Connection: keep-alive\r\nExpect: 100-continue\r\n$five"
l='GET /status/204 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'

# head VERSION: what the target got
head() { raw "send:POST /head HTTP/$1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n$l"; }
has "$(head 1.1)" 'Expect:.x20100-continue'
lacks "$(head 1.0)" 'Expect'
same "100 200 204 eof" "$(statuses "send:POST /continue HTTP/1.1\r\nHost: a.test\r\n${e}hello$l")"
same "200 204 eof" "$(statuses "send:POST /continue HTTP/1.0\r\nHost: a.test\r\n${e}hello$l")"
# and where the answer is ours, the body is passed over
same "308 eof" "$(statuses "send:POST / HTTP/1.1\r\nHost: b.test\r\n$e" 'until:\r\n\r\n' "send:hello$l")"
same "308 204 eof" "$(statuses "send:POST / HTTP/1.0\r\nHost: b.test\r\n$e" 'until:\r\n\r\n' "send:hello$l")"
