#!/bin/sh
# SPDX-License-Identifier: ISC
# A client never waits at a worker that has no descriptors left while another one has some.
. "${0%/*}/lib.sh"

backend back send:hi read
target=$READY

# A worker runs out of them between two clients, or between a client and its target: of two limits one is odd enough.
for limit in 40 41; do
	start sniroute sh -c 'ulimit -n "$1"; shift; exec "$@"' sh $limit "$SNIROUTE" -n 9 -l 127.0.0.1:0 -t "$target" -j 2 \
	    --max-conns 1000 --max-per-source 0
	# More than one worker carries, fewer than two do.
	start_peer herd herd 26 over "$READY" timeout:10 recv:2
	lacks "$(cat herd.log)" timeout
	[ "$(count '^got=hi$' herd)" -ge 18 ] || fail "served: $(cat herd.log)"
	touch over
	ends herd 0
	stop sniroute
	rm over herd.log sniroute.log
done
