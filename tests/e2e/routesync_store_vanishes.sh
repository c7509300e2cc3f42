#!/bin/sh
# SPDX-License-Identifier: ISC
# A store whose machine is gone without a word is noticed, though nothing is asked of it (-i 0), and followed again later.
. "${0%/*}/lib.sh"
own_network

ip addr add 10.9.9.9/32 dev lo
redis redis --port 6379 --bind 10.9.9.9 --protected-mode no --notify-keyspace-events KA
put a tls=10.0.0.1:443
sync -i 0 "redis://10.9.9.9"
routes 'a tls=10.0.0.1:443'
watched() { signal sync USR1; grep -q 'watched=yes' sync.log; }
wait_for 5 watched || fail "not watched"
ip addr del 10.9.9.9/32 dev lo
wait_for 40 grep -q 'store=unreachable' sync.log || fail "not noticed"
put b tls=10.0.0.2:443		# by its other socket
routes_are 'a tls=10.0.0.1:443' || fail "the file was touched"
ip addr add 10.9.9.9/32 dev lo
wait_for 20 routes_are 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' || fail "not followed again"
put c tls=10.0.0.3:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' 'c tls=10.0.0.3:443'
logged_times 1 'store=unreachable' sync
