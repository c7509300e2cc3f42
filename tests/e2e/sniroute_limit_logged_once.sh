#!/bin/sh
# SPDX-License-Identifier: ISC
# A limit that clients come up against again and again is logged once, not as often as they do.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
start sniroute "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --max-conns 1 --max-per-source 0
for n in 1 2 3; do
	spawn_peer "crowd$n" loop over "$READY" hello:a.example.org shut read
done
sleep 11		# longer than such trouble is remembered
touch over
for n in 1 2 3; do ends "crowd$n" 0; done
logged_times 1 'accepting paused'
