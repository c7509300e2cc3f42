#!/bin/sh
# SPDX-License-Identifier: ISC
# A store killed and restarted: the file stays, one log line for each change of state, then it is followed again.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
sync -i 0.2 "$STORE"
was=$(stat -c '%i %y' routes)
for i in 1 2; do
	kill -9 "$(pid_of redis)"
	forget "$(pid_of redis)"
	logged_times $i 'store=unreachable' sync
	sleep 1.5
	same "$was" "$(stat -c '%i %y' routes)" "file while the store is down"
	redis
	put a tls=10.0.0.1:443
	logged_times $((i + 1)) 'store=good' sync
done
logged_times 2 'store=unreachable' sync
put b tls=10.0.0.2:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443'
same 5 "$(wc -l <sync.log)" "log lines"
