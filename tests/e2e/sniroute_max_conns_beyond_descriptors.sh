#!/bin/sh
# SPDX-License-Identifier: ISC
# A --max-conns that the descriptors don't carry is told once, at start, with the number they do.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
serve() { start sniroute prlimit --nofile=200:200 "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes "$@"; }
for workers in 1 2; do
	serve --max-conns 5000 -j $workers
	logged_times 1 'warn: --max-conns: the descriptor limit of 200 allows about [0-9]+ connections, not 5000$'
	stop sniroute
	carried=$(sed -n 's/.*about \([0-9]*\) connections.*/\1/p' sniroute.log)
	rm sniroute.log
	[ "$carried" -ge 50 ] && [ "$carried" -le 100 ] || fail "$carried of 200 descriptors?"
	serve --max-conns "$carried" -j $workers
	stop sniroute
	serve -j $workers
	stop sniroute
	not_logged 'warn'
done
