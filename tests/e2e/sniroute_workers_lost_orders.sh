#!/bin/sh
# SPDX-License-Identifier: ISC
# What a worker was told of routes and listeners while it had no descriptor to take them by it is told again when it has some.
. "${0%/*}/lib.sh"

for who in a b; do backend $who send:$who read; done
a=$(addr_of a) b=$(addr_of b)
echo "* tls=$a" >routes
start sniroute sh -c 'ulimit -n 40; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -j 2 \
    --max-per-source 0 --max-conns 1000
ADDR=$READY
spawn_peer crowd crowd 60 "$ADDR" hello:www.example.org wait:over shut read
logged 'accepting paused'

# Listeners take the room that is kept for orders, until those that follow are lost, and then the next table is.
ports="$(free_port) $(free_port) $(free_port) $(free_port) $(free_port)"
{ cat routes; for port in $ports; do echo "127.0.0.1:$port tcp=$a"; done; } >new; mv new routes
wait_for 20 grep -q lost sniroute.log || fail "nothing was lost"
sed "s/=$a/=$b/" routes >new; mv new routes
logged_times 2 'read, 6 lines'
sleep 6			# an order waits for room for 5 s
touch over
ends crowd 0 40

all_b() {
	for i in 1 2 3 4 5 6 7 8; do
		answers www.example.org b || return 1
		for port in $ports; do [ "$(client "127.0.0.1:$port" timeout:1 shut read)" = "got=b end=eof" ] || return 1; done
	done
}
wait_for 3 all_b || fail "a worker goes by what was before: $(grep -E 'routes|listen|lost' sniroute.log)"
not_logged 'worker pid=[0-9]* ended'
