#!/bin/sh
# SPDX-License-Identifier: ISC
# Each request of one connection goes to its own Host's backend; connections to backends are kept.
. "${0%/*}/lib.sh"

web one; one=$READY
web two; two=$READY
printf '%s\n' "a.test http=$one" "b.test http=$two tls=127.0.0.1:1" 'c.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
a='GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n'
b='GET /b HTTP/1.1\r\nHost: b.test\r\n\r\n'
c='GET /c HTTP/1.1\r\nHost: c.test\r\n\r\n'
l='GET /z HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
same "200 200 308 200 404 200 eof" "$(statuses "send:$a$b$c$a"'GET / HTTP/1.1\r\nHost: d.test\r\n\r\n'"$l")"
same "200 308 200 200 eof" "$(statuses pieces:7:0.001 "send:$a$c$b$l")"
logged_times 5 'GET' one
logged_times 2 'GET /b' two
not_logged 'conn=2' one
not_logged 'GET /[ac]' two
answer=$(get '/x%20y//z?q=%2f' -H 'X-Multi: 1' -H 'x-multi: 2' -H 'Connection: X-Gone' -H 'X-Gone: 1' -H 'Keep-Alive: 5' -H 'TE: gzip')
has "$answer" '^GET /x%20y//z\?q=%2f HTTP/1.1$'
has "$answer" '^Host: a\.test$'
has "$(printf '%s\n' "$answer" | grep -i multi | paste -sd ,)" '^X-Multi: 1,x-multi: 2$'
has "$(printf '%s\n' "$answer" | grep -iE '^(set-cookie|x-one)' | tr -d '\r' | paste -sd ,)" '^Set-Cookie: a=1,X-One: 1,set-cookie: b=2$'
lacks "$answer" '^(X-Gone|Keep-Alive|TE|Connection):'
has "$(raw 'send:GET http://a.test:81 HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n')" 'GET.x20/.x20HTTP/1\.1.x0aHost:.x20a\.test:81.x0a'
while read -r method target want; do
	has "$(raw "send:$method $target HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n")" "$method.x20$want.x20HTTP/1.1.x0a"
done <<END
OPTIONS http://a.test [*]
OPTIONS http://a.test:81/ /
OPTIONS http://a.test?q /[?]q
OPTIONS * [*]
END
logged "name=a\.test route=a\.test target=$one hello=ok .*end=closed$" httpredir
