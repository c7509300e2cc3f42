#!/bin/sh
# SPDX-License-Identifier: ISC
# proxy=v2 tells the target of the client, also over a unix socket; such a connection serves that client alone.
. "${0%/*}/lib.sh"

web one "unix:$T/one.sock" proxy
printf '%s\n' "*.test http=unix:$T/one.sock proxy=v2" >routes
front -l 127.0.0.1:0 -r routes
a='GET /body HTTP/1.1\r\nHost: A.test\r\n\r\n'
b='GET /body HTTP/1.1\r\nHost: b.test\r\n\r\n'
l='GET /body HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n'
same "200 200 200 eof" "$(statuses "send:$a$a$l")"
logged_times 3 "GET /body" one
has "$(cat one.log)" '^conn=1 proxy=v2 cmd=PROXY family=11 src=127\.0\.0\.1:[0-9]+ dst=127\.0\.0\.1:[0-9]+( authority=a\.test| kind=http){2}$'
has "$(cat one.log)" '^conn=2 proxy=v2 .* authority=b\.test'
logged '^conn=1 end' one
same "200 eof" "$(statuses "send:$l")"
logged '^conn=3 proxy=v2' one
logged '^conn=3 end' one
has "$(HOST=192.0.2.7 get /body)" '404'
stop httpredir

# Behind a router both addresses are those of its header; who names no host has the name of as=.
echo "* http=unix:$T/one.sock proxy=v2 as=spare.test" >routes
front -l 127.0.0.1:0 -r routes --accept-proxy
same "200 eof" "$(statuses proxy2:192.0.2.1:5,198.51.100.1:80 'send:GET /body HTTP/1.0\r\n\r\n')"
logged '^conn=4 proxy=v2 cmd=PROXY family=11 src=192\.0\.2\.1:5 dst=198\.51\.100\.1:80( authority=spare\.test| kind=http){2}$' one
