#!/bin/sh
# SPDX-License-Identifier: ISC
# DNS falls silent: the last answer is used before --connect-timeout is over, however short that is.
. "${0%/*}/lib.sh"

back_by_name
serve -l 127.0.0.1:0 -r routes --connect-timeout 1

answers www.example.org a || fail "first"
signal dns STOP
for i in 1 2 3; do
	sleep 0.8
	answers www.example.org a || fail "the stale answer was not used in time"
done
signal dns CONT
