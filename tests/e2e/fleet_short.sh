#!/bin/sh
# SPDX-License-Identifier: ISC
# Three nodes with one namespace, rehearsed in network namespaces: the short form of what `make fleet` plays.
. "${0%/*}/lib.sh"

command -v redis-sentinel >/dev/null || skip "no redis-sentinel here"
set -- --patience 2	# other tests run beside this one
acts=8
if sanitized; then	# the programs are slow, and time is short
	set -- --patience 4 --act normal --act "node killed" --act "rolling restart" --act "store lost" \
	    --act "clients return"
	acts=5
fi
exits 2 python3 -B "$TESTS/../fleet/fleet.py" --measure nothing
lacks "$(cat err)" 'Traceback'
python3 -B "$TESTS/../fleet/fleet.py" --bin "$ROOT/$BUILD/bin" --short --keep "$T/fleet" "$@" >table 2>&1 &&
	code=0 || code=$?
cat table
[ "$code" != 77 ] || skip "$(sed -n 's/^skip: //p' table)"
same 0 "$code" "not all goals were reached: $(grep -v " reached$" table)"
same "$acts" "$(grep -c ' reached$' table)" "acts played"
