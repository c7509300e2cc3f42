#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: a client that was stopped is no session any more, however long visitors take for what it sent; none of its later lives is one too many.
. "${0%/*}/lib.sh"

backend answers read data:400k shut
ID=$(key c.key)
hub -m "unix:$T/metrics"

for life in 1 2 3 4 5 6 7 8 9 10 11; do
	rm -f there; : >c.log
	tunnel c "tcp=$(addr_of answers)"
	metric_is 1 tunneld_sessions
	spawn_peer "visitor$life" client "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp" send:? shut skip:1 touch:there wait:told sum
	wait_for 10 test -e there || fail "no visitor there"
	logged ' end=closed$' c
	stop c
	metric_is 0 tunneld_sessions
done
not_logged "^tunneld: info: conn=[0-9]+ peer=unix " tunneld
touch told
for life in 1 11; do
	ends "visitor$life" 0 20
	has "$(cat "visitor$life.log")" '^bytes=409599 .* end=eof$'
done
