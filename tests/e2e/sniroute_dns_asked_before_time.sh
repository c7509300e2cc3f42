#!/bin/sh
# SPDX-License-Identifier: ISC
# While an answer has long to live DNS is asked again on HUP, and when nothing answers at the address any more, as after the
# restart of a container.
. "${0%/*}/lib.sh"

own_network
use_own_dns
DNS_TTL=600
dns '127.0.0.1 back.test'
named a
named b "127.0.0.2:${READY##*:}"
echo "* tls=back.test:${READY##*:}" >routes
serve -l 127.0.0.1:0 -r routes

answers www.example.org a || fail "first address"
echo '127.0.0.2 back.test' >hosts.dns
signal dns HUP
answers www.example.org a || fail "the answer was good for longer"
signal sniroute HUP
wait_for 5 answers www.example.org b || fail "HUP does not lead to the new address"

echo '127.0.0.1 back.test' >hosts.dns
signal dns HUP
stop b
wait_for 5 answers www.example.org a || fail "the new address is not used"
