#!/bin/sh
# SPDX-License-Identifier: ISC
# A DNS server that does not answer holds up only the connections that need it.
. "${0%/*}/lib.sh"

own_network
use_own_dns
dns '127.0.0.1 back.test'
named a
cat >routes <<-END
	ip.example.org    tls=$READY
	name.example.org  tls=back.test:${READY##*:}
	both.example.org  tls=back.test:${READY##*:},$READY balance=first
END
serve -l 127.0.0.1:0 -r routes --connect-timeout 2
signal dns STOP

spawn_peer waiting client "$ADDR" hello:name.example.org alert
spawn_peer others slowest stop "$ADDR" hello:ip.example.org shut read
ends waiting 0 15
touch stop
ends others 0 15
slowest=$(sed -n 's/^slowest_ms=//p' others.log)
[ "$slowest" -lt 1500 ] || fail "DNS holds up others, for $slowest ms"
[ "$(count 'name=ip.example.org .* end=closed' sniroute)" -gt 3 ] || fail "an address as target"
has "$(cat waiting.log)" '^alert=80 version=0303 end=eof$'
answers both.example.org a || fail "no failover"
signal dns CONT
wait_for 40 answers name.example.org a || fail "DNS answers again but is not asked"
