#!/bin/sh
# SPDX-License-Identifier: ISC
# A DNS server answers no question for IPv6 addresses: nobody waits until these are given up.
. "${0%/*}/lib.sh"

DNS_ELSE='127.0.0.1#9'	# where nobody is
back_by_name
serve -l 127.0.0.1:0 -r routes --connect-timeout 2
answers www.example.org a || fail "the IPv4 address is known and was not used"
