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
sleep 0.3
begin=$(now_ms)
for i in 1 2 3; do answers ip.example.org a || fail "an address as target"; done
[ $(($(now_ms) - begin)) -lt 1500 ] || fail "DNS holds up others"
ends waiting 0 15
has "$(cat waiting.log)" '^alert=80 version=0303 end=eof$'
answers both.example.org a || fail "no failover"
signal dns CONT
wait_for 40 answers name.example.org a || fail "DNS answers again but is not asked"
