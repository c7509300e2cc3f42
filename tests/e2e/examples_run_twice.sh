#!/bin/sh
# SPDX-License-Identifier: ISC
# `make run` goes on with other ports where those it would like are taken, as by another `make run`.
. "${0%/*}/lib.sh"
own_network

for n in one two; do
	TMPDIR=$T spawn $n "$ROOT/examples/run.sh" "$ROOT/$BUILD/bin"
	wait_for 15 grep -q '^Ctrl-C' $n.log || fail "no instructions"
done
logged 'error: -l 127\.0\.0\.1:18000: Address already in use$' two
logged 'error: -l 127\.0\.0\.1:8443: ' two
logged 'error: -l 127\.0\.0\.1:8080: ' two
for n in one two; do
	has "$(sh -c "$(grep 'https://home.tun.example.org' $n.log)" 2>/dev/null)" '^This is backend two\.$'
	has "$(sh -c "$(grep 'http://nobody.tun' $n.log)" 2>/dev/null)" '^Tunnel-Error: name'
done
stop two
stop one
