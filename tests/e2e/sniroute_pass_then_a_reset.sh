#!/bin/sh
# SPDX-License-Identifier: ISC
# A client whose reset comes in one go with the answer from DNS that led to its hand-over: the log says to whom it went.
. "${0%/*}/lib.sh"

own_network
use_own_dns
dns '192.0.2.1 back.test' '2001:db8::1 back.test'	# where no network is
start_peer receiver receiver "unix:$T/receiver" read
echo "* tls=back.test:443,pass:$T/receiver balance=first" >routes
serve -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
signal dns STOP

# asked, answered: what waits for sniroute at its end of the connection to the DNS server
asked() { ss -Hun 'dport = :53' | grep -q .; }
answered() { ss -Hun 'dport = :53' | awk '$2 > 0 || $3 > 0 { n++ } END { exit n == 0 }'; }
spawn_peer client client "$ADDR" hello:www.example.org wait:go rst touch:gone
wait_for 5 asked || fail "DNS was not asked"
metric_is 1 sniroute_connections	# the turn that asked, for v4 and v6, is over
signal sniroute STOP
signal dns CONT
wait_for 5 answered || fail "DNS did not answer"
touch go
wait_for 5 test -e gone
sleep 0.3	# v4 and v6 are two answers
signal sniroute CONT
logged 'name=www\.example\.org .* target=pass:/.* end=passed$'
