#!/bin/sh
# SPDX-License-Identifier: ISC
# Names of nodes: they may go all at once without a question, and a store that comes back empty does not take them along.
. "${0%/*}/lib.sh"

names() { seq "$1" "$2" | sed "s/.*/n&.test tls=$3/"; }
publish() { start "$1" "$ROUTESYNC" -n 9 --publish "$1.live" --ttl 60 "$STORE"; }
redis redis --notify-keyspace-events KA
names 101 140 10.0.0.1:443 >a.live
names 131 150 10.0.0.2:443 >b.live
publish a
publish b
sync -i 0.2 "$STORE"
routes_count 50
cp routes before

# the store is lost, one node is back at once, and one of its clients is new; the other node takes its time
kill -STOP "$(pid_of b)"
kill -9 "$(pid_of redis)"
forget "$(pid_of redis)"
logged 'store=unreachable' sync
names 100 140 10.0.0.1:443 >a.new
mv a.new a.live
redis redis --notify-keyspace-events KA
wait_for 10 grep -q '^n100\.' routes || fail "not followed: $(cat routes)"
logged 'published routes are missing from the store' sync
sleep 1			# rounds go by that find nothing of it
routes_count 51
has "$(cat routes)" '^n101\.test tls=10\.0\.0\.1:443$'
has "$(cat routes)" '^n135\.test tls=10\.0\.0\.1:443$'
has "$(cat routes)" '^n150\.test tls=10\.0\.0\.2:443$'
kill -CONT "$(pid_of b)"
both() { grep -q '^n135\.test tls=.*,' routes; }
wait_for 10 both || fail "not put together again"
routes_count 51

# what is taken back goes at once, and is no loss to be confirmed
stop a
routes_count 20
stop b
routes
not_logged 'held back' sync

# a fail-over that takes longer than a publisher's time to live lets names expire before it is back
names 201 203 10.0.0.3:443 >c.live
start c "$ROUTESYNC" -n 9 --publish c.live --ttl 1 "$STORE"
routes_count 3
kill -STOP "$(pid_of c)"
r client kill type normal
empty() { [ "$(redis-cli -s redis.sock dbsize)" = 0 ]; }
wait_for 5 empty || fail "not expired"
logged_times 2 'published routes are missing from the store' sync
routes_count 3
kill -CONT "$(pid_of c)"
wait_for 10 eval '! empty' || fail "not published again"
stop c
routes

# routes of the store itself are guarded as before, names of nodes beside them or not
many 40
publish b
routes_count 60
r eval "for i=1,35 do redis.call('del', '/tcprouter/service/h'..i..'.example') end" 0
logged 'held back: 35 of 60' sync
