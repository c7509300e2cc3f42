#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that moves while the old answer has long to live, as a restarted container does: when nothing answers at the old
# address any more, DNS is asked again.
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
stop a
wait_for 5 answers www.example.org b || fail "the new address is not used"
