#!/bin/sh
# SPDX-License-Identifier: ISC
# A user who may not subscribe, as any of Redis 7 without a word about channels: said once, and the store is read every
# --interval, not more often.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
put a tls=10.0.0.1:443
r acl setuser reader on nopass '~*' resetchannels +@all
start sync "$ROUTESYNC" -n 9 -o routes -i 3600 "redis+unix://reader@$T/redis.sock"
routes 'a tls=10.0.0.1:443'
logged 'warn: notifications=refused source=redis.unix://reader@.* why="NOPERM .*channel' sync
scans() { redis-cli -s redis.sock info commandstats | sed -n 's/^cmdstat_scan:calls=\([0-9]*\).*/\1/p'; }
before=$(scans)
put b tls=10.0.0.2:443
sleep 6
same "$before" "$(scans)" "scans"

# every read of the store tries again, without a word
signal sync HUP
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443'
sleep 0.3
logged_times 1 'notifications=refused' sync
not_logged 'store=(unreachable|refuses)' sync
r acl setuser reader '&__keyspace@0__:*tcprouter/[ls]*'	# as the manual has it
signal sync HUP
watched() { signal sync USR1; grep -q 'watched=yes' sync.log; }
wait_for 5 watched || fail "not watched"
put c tls=10.0.0.3:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' 'c tls=10.0.0.3:443'
