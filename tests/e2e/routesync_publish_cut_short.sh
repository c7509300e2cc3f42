#!/bin/sh
# SPDX-License-Identifier: ISC
# A publisher whose connection breaks while it writes deletes what it may have written, if its file has changed meanwhile.
. "${0%/*}/lib.sh"

redis
# a connection to the store, until it is killed
line() {
	rm -f line.sock
	spawn line python3 -SE "$TESTS/routesync_far.py" "$T/line.sock" "$T/redis.sock" 0
	wait_for 5 test -S line.sock || fail "no line"
}
file() { printf '%s tls=10.0.0.1:443\n' "$@" >new && mv new file; }
taken() { logged_times "$1" 'file has' pub; }
published() { redis-cli -s redis.sock --scan --pattern '*/live/*' | sed 's,.*/,,' | sort | paste -sd ' '; }
published_is() { [ "$(published)" = "$1" ]; }
publishes() { wait_for 8 published_is "$1" || fail "published: $(published), not $1"; }

line
file a.test
start pub "$ROUTESYNC" -n 9 -v --publish file --ttl 3600 "redis+unix://$T/line.sock"
publishes a.test

# while b is being written: it arrives all the same
signal redis STOP
file a.test b.test
taken 2
sleep 0.5
killed line
logged_times 1 'store=unreachable' pub
signal redis CONT
publishes 'a.test b.test'
file a.test c.test
taken 3
line
publishes 'a.test c.test'

# while c is being deleted: of two more files only the last counts
signal redis STOP
file a.test
taken 4
sleep 0.5
killed line
logged_times 2 'store=unreachable' pub
file a.test d.test
taken 5
file e.test
taken 6
signal redis CONT
line
publishes e.test
same 0 "$(redis-cli -s redis.sock info commandstats | grep -c 'd.test')" "commands for d"

# a deletion that the store forgets, as when a replica that had not seen it becomes the master
file a.test
publishes a.test
key=$(redis-cli -s redis.sock --scan --pattern '*/live/*')
file a.test d.test
publishes 'a.test d.test'
file a.test
publishes a.test
redis-cli -s redis.sock set "${key%a.test}d.test" 'tls=10.0.0.1:443' EX 3000 >/dev/null
killed line
line
publishes a.test

signal pub TERM
ends pub 0
same '' "$(published)" "left behind"
