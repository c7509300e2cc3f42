#!/bin/sh
# SPDX-License-Identifier: ISC
# A far store whose keys change all the time: the first file is written all the same, and a key that goes without
# notice goes at the next refresh.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events K\$
many 2000
# 20 ms away: when one answer comes, the reads of the next changes are on their way
spawn far python3 -SE "$TESTS/routesync_far.py" far.sock redis.sock 0.02
wait_for 5 test -S far.sock || fail "no far store"
spawn writer redis-cli -s redis.sock -r -1 -i 0.002 set /tcprouter/service/h1.example tls=10.0.0.2:443
sync -i 0.5 "redis+unix://$T/far.sock"
routes_count 2000
put away.example tls=10.0.0.4:443
wait_for 5 grep -q '^away\.example ' routes || fail "no new key"
r del /tcprouter/service/away.example
gone_away() { ! grep -q '^away\.example ' routes; }
wait_for 10 gone_away || fail "a deleted key stays"
