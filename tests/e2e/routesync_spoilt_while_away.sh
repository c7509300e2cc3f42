#!/bin/sh
# SPDX-License-Identifier: ISC
# A file that is spoilt while the store is away is written again, also when the store went just behind a removal.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
watched() { redis-cli -s redis.sock pubsub numpat | grep -qx 1; }
put a.example 'tls=10.0.0.1:443'
put b.example 'tls=10.0.0.2:443'
sync -i 0 "$STORE"
wait_for 5 watched || fail "no subscription"
sleep 0.3	# the refresh behind it
routes 'a.example tls=10.0.0.1:443' 'b.example tls=10.0.0.2:443'
r eval "redis.call('del', '/tcprouter/service/b.example')" 0
sleep 0.02		# time to hear of it, but not to write it
killed redis
logged 'store=unreachable' sync
echo spoilt >routes
written() { grep -q '^a.example tls=10.0.0.1:443$' routes; }
wait_for 5 written || fail "it stays as it is: $(cat routes)"
logged 'routes was changed by somebody else' sync
