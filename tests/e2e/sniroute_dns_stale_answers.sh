#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer's TTL is honoured: a changed address is used within seconds, and when DNS dies the last answer is kept.
. "${0%/*}/lib.sh"

own_network
use_own_dns
dns '127.0.0.1 back.test'
named a
named b "127.0.0.2:${READY##*:}"
echo "* tls=back.test:${READY##*:}" >routes
serve -l 127.0.0.1:0 -r routes

answers www.example.org a || fail "first address"
echo '127.0.0.2 back.test' >hosts.dns
signal dns HUP
wait_for 10 answers www.example.org b || fail "the new address is not used"
stop dns
for i in 1 2 3 4; do
	sleep 0.8
	answers www.example.org b || fail "the stale answer was not kept"
done
dns '127.0.0.1 back.test'
wait_for 40 answers www.example.org a || fail "DNS is back but not asked"
