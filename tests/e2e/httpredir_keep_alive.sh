#!/bin/sh
# SPDX-License-Identifier: ISC
# Answers keep the connection, pipelined requests are answered in order, and version 1.0 asks for it.
. "${0%/*}/lib.sh"

printf '%s\n' 'a.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
g='GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n'
n='GET /2 HTTP/1.1\r\nHost: b.test\r\n\r\n'
l='GET /3 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
same "308 404 308 eof" "$(statuses "send:$g$n$l")"
has "$(cat raw.out)" '/1.*404.*/3'
same "308 404 308 eof" "$(statuses pieces:1:0.001 "send:$g$n$l")"
same "308 404 308 eof" "$(statuses "send:$g" sleep:0.2 "send:$n" sleep:0.2 "send:$l")"
same "308 308 eof" "$(statuses 'send:GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: a.test\r\n\r\n')"
has "$(cat raw.out)" 'Connection:.x20keep-alive.*Connection:.x20close'
same "308 308 eof" "$(statuses 'send:POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello'"$l")"
same "308 eof" "$(statuses 'send:POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\nhello' shut)"
same "308 308 308 eof" "$(statuses "send:\r\n\r\n$g\r\n$g$l")"
same "308 308 308 eof" "$(statuses pieces:1:0.001 "send:\r\n\r\n$g\r\n$g$l")"
stop httpredir
web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes --hello-timeout 0.3
# an empty line behind a request begins no other one, and has no deadline
same "308 308 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n' sleep:0.1 'send:\r\n' sleep:0.6 'send:GET / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n')"
# a client that has ended its direction gets its answers
same "200 308 eof" "$(statuses 'send:GET /sleep/0.5 HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: b.test\r\n\r\n' shut)"
# more pipelined requests than the answers fit into socket buffers
front -l 127.0.0.1:0 -r routes
many=$(i=0; while [ $i -lt 400 ]; do printf 'GET /%0200d HTTP/1.1\\r\\nHost: b.test\\r\\n\\r\\n' $i; i=$((i + 1)); done)
same 400 "$(statuses "send:$many" shut | tr ' ' '\n' | grep -c 308)"
