#!/bin/sh
# SPDX-License-Identifier: ISC
# While an answer has long to live DNS is asked again on HUP, and when nothing answers at the address any more, as after the
# restart of a container.
. "${0%/*}/lib.sh"

DNS_TTL=600 moving_target
move_to 127.0.0.2
answers www.example.org a || fail "the answer was good for longer"
signal sniroute HUP
wait_for 5 answers www.example.org b || fail "HUP does not lead to the new address"

move_to 127.0.0.1
stop b
wait_for 5 answers www.example.org a || fail "the new address is not used"
