#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc -x: through an HTTP proxy, tinyproxy, which resolves the server's name.
. "${0%/*}/lib.sh"

command -v tinyproxy >/dev/null || skip "no tinyproxy"
hub
named local
port=$(free_port)
proxy() { # CONNECTPORT: tinyproxy, which lets nobody go to other ports
	cat >tinyproxy.conf <<-END
		Port $port
		Listen 127.0.0.1
		Timeout 600
		Allow 127.0.0.1
		MaxClients 20
		ConnectPort $1
	END
	spawn tinyproxy tinyproxy -d -c tinyproxy.conf
	wait_for 5 sh -c "ss -Hltn 'sport = :$port' | grep -q ." || fail "no tinyproxy"
}

# dead, then one that refuses, then one that lets through
spawn_tunnel box -x "http://127.0.0.1:$port" -s "localhost:${TUNNEL##*:}" "tcp=$(addr_of local)"
logged 'link=down reason="proxy 127\.0\.0\.1:'"$port"': Connection refused"' box
proxy 1
logged 'link=down reason="the proxy answers 403"' box
stop tinyproxy
proxy "${TUNNEL##*:}"
wait_for 60 "$TUNNELC" -i box.key --ready || fail "never up"
same "got=local end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
has "$(cat tinyproxy.log)" "CONNECT localhost:${TUNNEL##*:} HTTP/1\\.1"

# bulk both ways
start_peer echo server 127.0.0.1:0 echo
tunnel bulk -x "http://127.0.0.1:$port/" -s "localhost:${TUNNEL##*:}" "tcp=$READY"
out=$(visit "$ID.tun.test,kind=tcp" duplex:10m)
has "$out" 'bytes=10485760 .*end=eof'
same 1 "$(echo "$out" | grep -o 'sha=[0-9a-f]*' | sort -u | wc -l)" "what came back"

# the proxy goes and comes
stop tinyproxy
logged 'link=down reason="lost' bulk
proxy "${TUNNEL##*:}"
wait_for 60 "$TUNNELC" -i bulk.key --ready || fail "not back"
has "$(visit "$ID.tun.test,kind=tcp" send:x shut read)" 'got=x end=eof'

# no secrets on a command line
exits 100 "$TUNNELC" -x http://user:password@127.0.0.1:1 -s localhost:1 -k "$SERVER" -i box.key tcp=127.0.0.1:1
lacks "$(cat out err)" 'user:password'
