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
same "308 eof" "$(statuses 'send:POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\nhello')"
same "308 308 308 eof" "$(statuses "send:\r\n$g\r\n$g$l")"
