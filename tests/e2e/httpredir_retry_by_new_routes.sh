#!/bin/sh
# SPDX-License-Identifier: ISC
# A request that a kept connection failed is sent again only where the routes of that moment let it go, made as it is.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' 'until:\r\n\r\n' print:second wait:go close
back=$READY
backend other print:here 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother' close
other=$READY

try() { # KEYS STATUS TIMES: the line is now this one; the client gets STATUS, other has had so many requests
	rm -f go
	echo "a.test http=$back" >routes
	front -l 127.0.0.1:0 -r routes
	has "$(get /1)" '^ok$'
	seconds=$(count second back)
	spawn_peer held client "$ADDR" 'send:GET /2 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' read
	logged_times $((seconds + 1)) second back
	echo "a.test $1" >new
	mv new routes
	logged 'routes: routes: read' httpredir
	touch go
	ends held 0
	has "$(cat held.log)" "^got=HTTP/1.1.x20$2"
	same "$3" "$(count here other)" "requests that arrived, $1"
	stop httpredir
	rm httpredir.log
}
try "http=$other" 200 1
try "tls=$other" 502 1
try "http=$other proxy=v1" 502 1
try "http=$other deny=127.0.0.0/8" 502 1
try "http=$other allow=192.0.2.1" 502 1
