#!/bin/sh
# SPDX-License-Identifier: ISC
# Without memory for more connections each one that is closed for it has its line, those there stay, and so does the process.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer needs memory of its own"
[ "$(ulimit -n)" -ge 1024 ] || skip "too few descriptors"
named a
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-per-source 0 --hello-timeout 60 -m "unix:$T/metrics"
size=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid_of sniroute)/status")
prlimit --pid "$(pid_of sniroute)" --as=$(((size + 200) * 1024)):
start_peer herd herd 900 over "$ADDR" 'hex:160301'
logged 'end=limit$'
prlimit --pid "$(pid_of sniroute)" --as=unlimited:
metric_is 900 sniroute_accepted_total
closed=$(metric 'sniroute_connections_total{end="limit"}')
metric_is $((900 - closed)) sniroute_connections
logged_times "$closed" 'peer=127.* end=limit$'
touch over
metric_is 0 sniroute_connections
answers www.example.org a
