#!/bin/sh
# SPDX-License-Identifier: ISC
# A change of the routes file that comes while there are no descriptors left is not lost, with workers or without.
. "${0%/*}/lib.sh"

for who in a b; do backend $who send:$who read; done
all_b() { for i in 1 2 3 4 5 6 7 8; do answers www.example.org b || return 1; done; }

for workers in 1 2; do
	echo "* tls=$(addr_of a)" >routes
	start sniroute sh -c 'ulimit -n 40; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -j $workers \
	    --max-per-source 0 --max-conns 1000
	ADDR=$READY
	spawn_peer crowd crowd 100 "$ADDR" hello:www.example.org sleep:3 shut read
	logged 'accepting paused'
	ports="$(free_port) $(free_port) $(free_port)"
	{
		echo "* tls=$(addr_of b)"
		for port in $ports; do echo "127.0.0.1:$port tcp=$(addr_of b)"; done
	} >new
	mv new routes
	sleep 1		# so long changes may take to be noticed
	ends crowd 0 40
	wait_for 3 all_b || fail "$workers workers route by the old table: $(grep routes sniroute.log)"
	for port in $ports; do
		for i in 1 2 3 4; do same "got=b end=eof" "$(client "127.0.0.1:$port" timeout:5 shut read)" "$workers workers"; done
	done
	stop sniroute
	rm sniroute.log crowd.log
done
