#!/bin/sh
# SPDX-License-Identifier: ISC
# Where the server sends notifications, a change is in the file within 100 ms; when they are switched on later as well.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
put a tls=10.0.0.1:443
sync -i 3600 "$STORE"
watched() { redis-cli -s redis.sock pubsub numpat | grep -qx 1; }
wait_for 5 watched || fail "no subscription"
sleep 0.2	# the refresh behind it

# The median counts: the machine has other things to do, and starts a redis-cli for each.
late=0
for i in $(seq 1 20); do
	sleep 0.15
	begin=$(now_ms)
	put a "tls=10.0.0.1:$i"
	while ! grep -q ":$i\$" routes; do [ $(($(now_ms) - begin)) -lt 2000 ] || fail "change $i is not seen"; done
	took=$(($(now_ms) - begin))
	[ "$took" -lt 100 ] || { late=$((late + 1)); echo "late: $took ms"; }
done
sanitized || [ "$late" -le 10 ] || fail "$late changes took 100 ms and more"
put b tls=10.0.0.2:443
routes 'a tls=10.0.0.1:20' 'b tls=10.0.0.2:443'
r del /tcprouter/service/a
routes 'b tls=10.0.0.2:443'
r set /tcprouter/service/c tls=10.0.0.3:443 px 100
routes 'b tls=10.0.0.2:443'
r rename /tcprouter/service/b /tcprouter/service/d
routes 'd tls=10.0.0.2:443'

stop sync
r config set notify-keyspace-events ''
sync -i 0.3 "$STORE"
r config set notify-keyspace-events KA
wait_for 5 watched || fail "not noticed that notifications are on"
same KA "$(redis-cli -s redis.sock config get notify-keyspace-events | tail -n 1 | tr -d '\n' | sed 's/AK/KA/')"
