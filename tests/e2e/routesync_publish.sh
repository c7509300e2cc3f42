#!/bin/sh
# SPDX-License-Identifier: ISC
# Two nodes publish one name: both targets are in the line; a removed line, TERM and kill -9 take theirs out.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
node() { echo "tun.example tls=pass:/run/v proxy=v2" | sed "s,pass:/run/v,10.0.0.$1:9443,"; }
node 1 >one
node 2 >two
publisher() { start "$1" "$ROUTESYNC" --publish "$1" --ttl 2 -n 9 "$STORE"; }
sync -i 3600 "$STORE"
publisher one
routes 'tun.example tls=10.0.0.1:9443 proxy=v2'
publisher two
wait_for 2 grep -qE '10\.0\.0\.1:9443,10\.0\.0\.2:9443|10\.0\.0\.2:9443,10\.0\.0\.1:9443' routes || fail "both: $(cat routes)"

# within a second: a new line and a removed one
begin=$(now_ms)
{ node 1; echo 'more.example tls=10.0.0.1:443'; } >new && mv new one
while ! grep -q ^more routes; do [ $(($(now_ms) - begin)) -lt 3000 ] || fail "not published"; done
took=$(($(now_ms) - begin))
sanitized || [ "$took" -lt 1000 ] || fail "published after $took ms"
node 1 >new && mv new one
wait_for 2 sh -c '! grep -q ^more routes' || fail "not removed"

# a bad or missing file leaves what is published, beyond the TTL too
echo 'bad' >new && mv new one
logged 'one was refused' one
sleep 2.5
grep -q '10.0.0.1:9443' routes || fail "a bad file unpublished its routes"
rm one
logged 'one: No such file' one
sleep 2.5
grep -q '10.0.0.1:9443' routes || fail "a missing file unpublished its routes"
node 1 >one

logged_times 0 'unreachable' one

# the store loses everything, and is given it again
r flushall
wait_for 3 sh -c 'redis-cli -s redis.sock --scan | grep -c live | grep -qx 2' || fail "not published again"

# TERM takes back at once, kill -9 within the TTL
signal one TERM
ends one 0 1
same 1 "$(redis-cli -s redis.sock --scan | grep -c live)" "keys after TERM"
wait_for 1 routes_are 'tun.example tls=10.0.0.2:9443 proxy=v2' || fail "not gone at once: $(cat routes)"
publisher one
kill -9 "$(pid_of two)"
forget "$(pid_of two)"
begin=$(now_ms)
routes 'tun.example tls=10.0.0.1:9443 proxy=v2'
[ $(($(now_ms) - begin)) -lt 3000 ] || fail "gone late"
