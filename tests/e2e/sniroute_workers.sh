#!/bin/sh
# SPDX-License-Identifier: ISC
# -j 3 serves with three processes; one that is killed is replaced and logged, and new connections never fail for long.
. "${0%/*}/lib.sh"

named a
named b
echo "* tls=$(addr_of a)" >routes
# Who waits for the end of the line of readiness gets it, workers or not.
mkfifo ready
"$SNIROUTE" -n 8 -l 127.0.0.1:0 -r routes -j 3 8>ready 2>whole.log </dev/null &
started whole $! "$SNIROUTE"
line=$(timeout 5 cat ready) || fail "the line of readiness has no end"
has "$line" '^127\.0\.0\.1:[0-9]+$'
stop whole

serve -l 127.0.0.1:0 -r routes -j 3
workers() { pgrep -P "$(pid_of sniroute)" | tr '\n' ' '; }
three() { [ "$(workers | wc -w)" = 3 ]; }

wait_for 5 three || fail "workers: $(workers)"
for i in $(seq 9); do answers www.example.org a || fail "not served"; done
for i in 1 2 3; do
	victim=$(workers | cut -d ' ' -f 1)
	kill -9 "$victim"
	wait_for 3 gone "$victim"
	wait_for 5 three || fail "not replaced"
done
logged_times 3 'sniroute: (warn|error): worker .*signal'
for i in $(seq 9); do answers www.example.org a || fail "not served by the new ones"; done

echo "* tls=$(addr_of b)" >new; mv new routes
all_b() { for i in 1 2 3 4 5 6 7 8 9 10 11 12; do answers www.example.org b || return 1; done; }
wait_for 10 all_b || fail "not all workers have the new table"
pids=$(workers)
signal sniroute TERM
ends sniroute 0
for p in $pids; do wait_for 3 gone "$p" || fail "worker $p is left"; done
logged_times 1 'ready on'
not_logged ' exit [0-9]|no worker'
