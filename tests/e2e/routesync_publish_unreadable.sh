#!/bin/sh
# SPDX-License-Identifier: ISC
# A published file that could not be read is read when it can be, though its text has not changed since.
. "${0%/*}/lib.sh"

redis
chmod 777 redis.sock
published() { redis-cli -s redis.sock --scan | grep -q "/$1\$"; }
next() { echo "$2 tls=127.0.0.1:443" >new && chmod "$3" new && mv new "$1"; }

# its mode forbids it
next live old 644
if [ "$(id -u)" = 0 ]; then nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'; else nobody=; fi
# shellcheck disable=SC2086 # words are wanted
start pub $nobody "$ROUTESYNC" -n 9 --publish live --ttl 60 "$STORE"
published old || fail "not published"
next live new 0
logged 'live .*what is published stays' pub
published old || fail "taken back"
chmod 644 live
wait_for 8 published new || fail "not read after chmod"
! published old || fail "the old one stays"

# the process has no descriptor left: nothing about the file tells when it has one again
next other first 644
start own "$ROUTESYNC" -n 9 --publish other --ttl 60 "$STORE"
published first || fail "not published"
prlimit --pid "$(pid_of own)" --nofile=4:
next other last 644
logged 'other .*what is published stays' own
sleep 5			# it is tried again, and not told again
signal own USR1
logged 'status store=up published=1 file=refused' own
logged_times 1 'Too many open files' own
logged_times 1 'what is published stays' own
prlimit --pid "$(pid_of own)" --nofile=100:
wait_for 8 published last || fail "not read with descriptors"
