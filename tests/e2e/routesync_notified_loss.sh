#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that is emptied at one blow, and says so key by key, is judged as one loss: not a name leaves the file.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
watched() { redis-cli -s redis.sock pubsub numpat | grep -qx 1; }
# delete N [FIRST]: N routes in one command
delete() { r eval "for i = ${2:-1}, $((${2:-1} + $1 - 1)) do redis.call('del', '/tcprouter/service/h' .. i .. '.example') end" 0; }

losses=0
for n in 300 2500 9000; do
	many "$n"
	sync -i 3600 "$STORE"
	wait_for 5 watched || fail "no subscription"
	sleep 0.3	# the refresh behind it
	routes_count "$n"
	before=$(stat -c %i routes)
	delete "$n"
	losses=$((losses + 1))
	logged_times 1 "held back: $n of $n" sync
	sleep 1.2
	logged_times $losses 'held back:' sync
	same "$before" "$(stat -c %i routes)" "the file of $n routes"
	# what is confirmed goes, all of it
	signal sync USR1
	routes
	stop sync
	rm routes
done

# fewer than --max-shrink go without a question, and so does one alone, almost as soon as one comes
many 2500
sync -i 3600 "$STORE"
wait_for 5 watched || fail "no subscription"
sleep 0.3
delete 1000 1501
routes_count 1500
late=0
for i in $(seq 1 10); do
	begin=$(now_ms)
	put "new$i.example" tls=10.0.0.2:443
	until grep -q "^new$i\.example" routes; do [ $(($(now_ms) - begin)) -lt 2000 ] || fail "addition $i is not seen"; done
	came=$(now_ms)
	r del "/tcprouter/service/h$i.example"
	while grep -q "^h$i\.example" routes; do [ $(($(now_ms) - came)) -lt 2000 ] || fail "removal $i is not seen"; done
	later=$(($(now_ms) - came - (came - begin)))
	[ "$later" -lt 100 ] || { late=$((late + 1)); echo "$later ms later than an addition"; }
done
sanitized || [ "$late" -le 5 ] || fail "$late removals took 100 ms more than additions"
logged_times $losses 'held back:' sync
