#!/bin/sh
# SPDX-License-Identifier: ISC
# A kept connection the backend has closed is not used; a GET that finds it dead is sent once more, a POST never.
. "${0%/*}/lib.sh"

# answers one request, then closes when told to; the second request on it gets no answer
backend back 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' 'until:\r\n\r\n' print:second close
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
has "$(get /1)" '^ok$'
has "$(get /2)" '^ok$'
logged_times 1 'second' back
logged '^2 got=GET' back
has "$(get /3 -X POST)" '^HTTP/1.1 502 '
logged_times 2 'second' back
has "$(get /4 -X POST)" '^ok$'
not_logged '^4 ' back
stop httpredir
backend closer 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' sleep:0.2 close
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --idle-timeout 1
has "$(get / -X POST)" '^ok$'
sleep 0.6
has "$(get / -X POST)" '^ok$'
stop httpredir

# a POST that waits already when the backend closes: what is seen first is the request
backend leaver 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' wait:leave close touch:left
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
spawn_peer poster client "$ADDR" timeout:10 'send:GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n' 'until:ok' touch:served wait:go \
    'send:POST /2 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody' touch:posted read
wait_for 5 test -e served
signal httpredir STOP
touch go
wait_for 5 test -e posted
touch leave
wait_for 5 test -e left
signal httpredir CONT
ends poster 0
has "$(cat poster.log)" '200.*ok end=eof$'
logged '^2 got=POST' leaver
