#!/bin/sh
# SPDX-License-Identifier: ISC
# --secret-file: an ancestor whose machine is gone without a word is noticed by the connection that waits for a visitor,
# though nothing is ever said on it.
. "${0%/*}/lib.sh"
own_network

printf 's3cret\n' >secret
chmod 600 secret
start ancestor python3 -SE "$TESTS/ancestor.py" first s3cret
spawn tunnelc "$TUNNELC" -s "${READY% *}" --secret-file secret tcp=127.0.0.1:1
logged 'link=up' tunnelc
logged 'registered' ancestor
downs=$(count 'link=down' tunnelc)
ip addr del 127.0.0.1/8 dev lo
wait_for 40 has_lines "$((downs + 1))" 'link=down' tunnelc || fail "not noticed"
before=$(count registered ancestor)
ip addr add 127.0.0.1/8 dev lo
again() { has_lines "$((before + 1))" registered ancestor; }
wait_for 40 again || fail "it does not come back"
logged_times 2 'link=up' tunnelc
