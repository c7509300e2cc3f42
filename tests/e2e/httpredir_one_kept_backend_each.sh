#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that gets a second connection to a target for itself loses the first: it is closed, and never touched again.
. "${0%/*}/lib.sh"

web one 127.0.0.1:0 proxy; one=$READY
web two 127.0.0.1:0 proxy
echo "a.test http=$one,$READY proxy=v1" >routes
front -l 127.0.0.1:0 -r routes
get='send:GET /status/204 HTTP/1.1\r\nHost: a.test\r\n\r\n'

# While another request keeps one busy, the client's first goes to two, and when both are free its next one to one.
spawn_peer busy client "$ADDR" 'send:GET /wait/go HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' read
logged 'GET /wait' one
spawn_peer both client "$ADDR" "$get" 'until:\r\n\r\n' wait:next "$get" 'until:\r\n\r\n' touch:done wait:leave
logged 'GET /status' two
touch go
ends busy 0
touch next
wait_for 5 test -e done || fail "no second answer"
has "$(cat one.log)" 'GET /status'
wait_for 2 grep -q '^conn=1 end' two.log || :	# judged below: what follows may tell of worse
touch leave
ends both 0
logged_times 2 'end=closed' httpredir
kept=$(cat two.log)
stop two
has "$(get /body)" '^bytes=0 '
has "$kept" '^conn=1 end'
