#!/bin/sh
# SPDX-License-Identifier: ISC
# A client never waits at a worker that has --max-conns while another one is idle.
. "${0%/*}/lib.sh"

backend back send:hi read
serve -l 127.0.0.1:0 -t "$READY" -j 4 --max-conns 1 --max-per-source 0

# One after the other, to stay: the kernel wakes the same worker again and again as long as it can.
start_peer herd herd 4 over "$ADDR" timeout:10 recv:2
same 4 "$(count '^got=hi$' herd)" "served: $(cat herd.log)"
touch over
ends herd 0
