#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer's TTL is honoured: a changed address is used within seconds, and when DNS dies the last answer is kept.
. "${0%/*}/lib.sh"

moving_target
move_to 127.0.0.2
wait_for 10 answers www.example.org b || fail "the new address is not used"
stop dns
for i in 1 2 3 4; do
	sleep 0.8
	answers www.example.org b || fail "the stale answer was not kept"
done
dns '127.0.0.1 back.test'
wait_for 40 answers www.example.org a || fail "DNS is back but not asked"
