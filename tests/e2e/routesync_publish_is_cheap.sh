#!/bin/sh
# SPDX-License-Identifier: ISC
# Renewing what is published costs the store and its readers no more than a word; what the store has lost is written again.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
calls() { redis-cli -s redis.sock info commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p" | grep . || echo 0; }
at_least() { [ "$(calls "$1")" -ge "$2" ]; }
seq 101 150 | sed 's/.*/n&.test tls=10.0.0.1:443/' >live
sync -i 0 "$STORE"
start publish "$ROUTESYNC" -n 9 --publish live --ttl 1 "$STORE"
routes_count 50
same 50 "$(calls get)" "reads for 50 new names"
wait_for 5 at_least pexpire 200 || fail "not renewed"
same 50 "$(calls get)" "reads for renewals"
same 50 "$(calls set)" "writes for renewals"
routes_count 50

# a part of it is lost, without a word to the publisher, whose next renewal is a while away
renewed=$(calls pexpire)
wait_for 5 at_least pexpire $((renewed + 1)) || fail "not renewed"
redis-cli -s redis.sock --scan --pattern '*/n11?.test' | xargs redis-cli -s redis.sock del >/dev/null
routes_count 40
routes_count 50
same 100 "$(calls set)" "writes after a loss"

# a line that was dropped is deleted once, not with every renewal
renewed=$(calls pexpire)
grep -v ^n150 live >new && mv new live
routes_count 49
wait_for 5 at_least pexpire $((renewed + 250)) || fail "not renewed"
same 2 "$(calls del)" "deletions, the one above among them"
stop publish
routes
