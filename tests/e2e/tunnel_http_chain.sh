#!/bin/sh
# SPDX-License-Identifier: ISC
# curl -> httpredir -> tunneld -> tunnelc -> a plain HTTP service; WebSocket through all of it.
. "${0%/*}/lib.sh"

hub --park 0.5
web plain
websocket_server socket
SOCKET=$READY
echo "*.tun.test http=unix:$T/visitors proxy=v2" >routes
front -l 127.0.0.1:0 -r routes
tunnel www "http=$(addr_of plain)"
HOST=$ID.tun.test

# requests of one connection, bodies both ways, streamed answers
has "$(get /head)" "Host: $HOST"
has "$(get /head)" 'X-Forwarded-For: 127\.0\.0\.1'
head -c 3000000 /dev/urandom >big
curl -sS --max-time 20 --connect-to "::$ADDR" -T big -H 'Expect:' -o back "http://$HOST/echo"
cmp big back
curl -sS --max-time 20 --connect-to "::$ADDR" "http://$HOST/chunked/3000000" -o a "http://$HOST/size/3000000" -o b
same 3000000 "$(wc -c <a)"
same 3000000 "$(wc -c <b)"
has "$(get /events)" 'data:'
has "$(get /status/204)" '^HTTP/1.1 204'

# a WebSocket, through a second tunnel
tunnel chat "http=$SOCKET"
same "closed 4001" "$(websocket_client "$ID.tun.test")"

# who is to blame stands in the answer: nobody's name, a service that is not there, a client that is away
broken() { has "$1" "^HTTP/1.1 $2 "; has "$1" "^Tunnel-Error: $3"; }
broken "$(HOST=nobody.tun.test get /)" 404 name
tunnel dead "http=127.0.0.1:$(free_port)"
broken "$(HOST=$ID.tun.test get /)" 502 local
stop dead
away=$(HOST=$ID.tun.test get /)
broken "$away" 503 offline
has "$away" '^Retry-After: '

# and one that is away for less than the time visitors are parked notices nothing
stop www
(sleep 0.1; exec "$TUNNELC" -s "$TUNNEL" -k "$SERVER" -i www.key "http=$(addr_of plain)") >again.log 2>&1 &
again=$!
HOST=$("$TUNNELC" -i www.key --id).tun.test
served() { get /status/204 | grep -q '^HTTP/1.1 204'; }
wait_for 10 served || fail "not back: $(get /status/204)"
kill "$again"
wait "$again" || fail "exit code $?"

logged 'target=unix:.*visitors .*end=closed$' httpredir
logged 'name=.*tun\.test .*end=closed$' tunneld
