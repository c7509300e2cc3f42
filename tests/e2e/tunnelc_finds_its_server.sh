#!/bin/sh
# SPDX-License-Identifier: ISC
# The server's name is looked up at each dial, whatever the TTL: it may move, have addresses of both families, and some that do not answer.
. "${0%/*}/lib.sh"
own_network
use_own_dns
DNS_TTL=600
dns "127.0.0.2 hub.test"

hub -l 127.0.0.2:0
port=${TUNNEL##*:}
named local
tunnel box -s "hub.test:$port" "tcp=$(addr_of local)"
served() { [ "$(visit "$ID.tun.test,kind=tcp" shut read)" = "got=local end=eof" ]; }
served || fail "not served"

# it moves to another address
moves_to() { # HOSTLINE...
	printf '%s\n' "$@" >hosts.dns
	signal dns HUP
}
kill -9 "$(pid_of tunneld)"
forget tunneld
moves_to "127.0.0.3 hub.test"
hub -l "127.0.0.3:$port"
wait_for 30 served || fail "not found at its new address"

# v6 first, v4 where v6 refuses, and an address that does not answer costs a quarter of a second, not the time a dial may
# take; by new ones each time, which have no reason to wait
kill -9 "$(pid_of tunneld)"
forget tunneld
moves_to "127.0.0.4 hub.test" "::1 hub.test"
arrives_at() { # ADDR NAME
	local begin; begin=$(now_ms)
	tunnel "$2" -s "hub.test:$port" "tcp=$(addr_of local)"
	[ "$(($(now_ms) - begin))" -lt 3000 ] || fail "took $(($(now_ms) - begin)) ms"
	served || fail "$2 is not served"
	has "$(ss -Htnp state established "dport = :$port" | grep "pid=$(pid_of "$2"),")" " $1:$port "
	same "" "$(ss -Htnp state syn-sent | grep "pid=$(pid_of "$2")," || :)" "attempts given up"
}
hub -l "[::1]:$port" -l "127.0.0.4:$port"
arrives_at '\[::1\]' six
kill -9 "$(pid_of tunneld)"
forget tunneld
hub -l "127.0.0.4:$port"
arrives_at 127.0.0.4 four
start_peer deaf full "[::1]:$port"
arrives_at 127.0.0.4 late

# one that takes connections and makes no session comes last next time: v6 leads to a server with another key
stop deaf
start other "$TUNNELD" -n 9 -l "[::1]:$port" -i box.key --domain tun.test --visitors "unix:$T/other.visitors" --open
spawn_tunnel third -s "hub.test:$port" "tcp=$(addr_of local)"
wait_for 20 served || fail "no other address is tried: $(cat third.log)"
logged 'link=down reason="wrong server key' third

# so does one that hangs up on both handshakes of the ancestors
echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
printf s3cret >secret
chmod 600 secret
start legacy "$TUNNELD" -n 9 -l 127.0.0.4:0 -i server.key --domain tun.test --visitors "unix:$T/old.visitors" -a auth \
    --legacy "127.0.0.4:0"
old=${READY##*:}
start_peer closer server "[::1]:$old" close
spawn fourth "$TUNNELC" -s "hub.test:$old" --secret-file secret "tcp=$(addr_of local)"
wait_for 20 has_lines 1 'link=up' fourth || fail "only the one that closes is tried: $(cat fourth.log)"
