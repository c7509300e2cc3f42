#!/bin/sh
# SPDX-License-Identifier: ISC
# A slow store is waited for: as long as it answers within 5 s nothing is logged and nothing is lost.
. "${0%/*}/lib.sh"

redis redis --enable-debug-command yes
many 100
sync -i 0.2 "$STORE"
routes_count 100
for i in 1 2 3; do
	r debug sleep 1.5
	put "slow$i" tls=10.0.0.1:443
done
wait_for 5 grep -q '^slow3 ' routes || fail "not followed"
routes_count 103
lacks "$(cat sync.log)" 'unreachable|refuses'
