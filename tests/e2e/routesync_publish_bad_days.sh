#!/bin/sh
# SPDX-License-Identifier: ISC
# A publisher outlives its store: down at start, killed, restarted; its file may come later than it.
. "${0%/*}/lib.sh"

spawn pub "$ROUTESYNC" --publish live --ttl 2 "$STORE"
logged 'store=unreachable' pub
logged 'live: No such file' pub
redis
logged 'store=good' pub
echo 'a tls=10.0.0.1:443' >live
published() { [ "$(redis-cli -s redis.sock --scan 2>/dev/null | grep -c "^/tcprouter/live/.*/a\$")" = 1 ]; }
wait_for 5 published || fail "not published"
kill -9 "$(pid_of redis)"
forget "$(pid_of redis)"
logged_times 2 'store=unreachable' pub
redis
wait_for 8 published || fail "not published after a restart"
signal pub TERM
ends pub 0 1
same '' "$(redis-cli -s redis.sock --scan)" "left in the store"
