#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc in a network namespace that knows one address, that of the tunnel's server, and where nothing can be connected to.
. "${0%/*}/lib.sh"
own_network

box_beside 32
ip route add 192.0.2.2/32 dev veth0
within ip route add 192.0.2.1/32 dev veth1

hub -l 192.0.2.1:0 --heartbeat 0.5 --dead-after 1.5
start web nsenter -t "$box" -n python3 -SE "$TESTS/web.py" 127.0.0.1:0
echo "*.tun.test http=unix:$T/visitors proxy=v2" >routes
front -l 127.0.0.1:0 -r routes
key in.key >/dev/null
ID=$("$TUNNELC" -i in.key --id)
HOST=$ID.tun.test
start in nsenter -t "$box" -n "$TUNNELC" -n 9 -s "$TUNNEL" -k "$SERVER" -i in.key "http=$(addr_of web)"

# the service is out of reach but for the tunnel
has "$(get /status/204)" '^HTTP/1.1 204'
has "$(client "$(addr_of web)" read)" 'connect='
same "" "$(within ss -Hltn | grep -v 127.0.0.1 || :)" "open ports"
has "$(within ip route get 198.51.100.1 2>&1 || :)" 'unreachable'
exits 111 "$TUNNELC" -i in.key --ready			# abstract sockets are the namespace's own
exits 0 within "$TUNNELC" -i in.key --ready
head -c 3000000 /dev/urandom >big
curl -sS --max-time 20 --connect-to "::$ADDR" -T big -H 'Expect:' -o back "http://$HOST/echo"
cmp big back

# the cable is pulled: both ends notice by silence alone, and meet again when it is back
ip link set veth0 down
logged 'link=down reason=' in
logged "name=$HOST route=- .*end=" tunneld
ip link set veth0 up
ip route add 192.0.2.2/32 dev veth0 2>/dev/null || :
wait_for 40 within "$TUNNELC" -i in.key --ready || fail "not back"
has "$(get /status/204)" '^HTTP/1.1 204'
