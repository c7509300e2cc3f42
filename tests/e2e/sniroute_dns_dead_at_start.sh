#!/bin/sh
# SPDX-License-Identifier: ISC
# With DNS dead sniroute starts and serves what needs none; names work as soon as DNS does, by the resolv.conf there is then.
. "${0%/*}/lib.sh"

own_network
use_own_dns
echo "nameserver 127.0.0.9" >resolv.conf	# nobody there
named a
cat >routes <<-END
	ip.example.org    tls=$READY
	name.example.org  tls=back.test:${READY##*:}
END
serve -l 127.0.0.1:0 -r routes

answers ip.example.org a || fail "an address as target"
has "$(ask "$ADDR" name.example.org)" '^alert=80 '
echo "nameserver 127.0.0.1" >resolv.conf
dns '127.0.0.1 back.test'
wait_for 15 answers name.example.org a || fail "not served although DNS is back"
