#!/bin/sh
# SPDX-License-Identifier: ISC
# Many listening addresses in the routes file, from the start or by a reload, leave descriptors for fewer connections at
# once: clients beyond that wait, and none is refused.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "127.0.0.1:0 tcp=$READY" >few
for i in $(seq 60); do echo "unix:$T/$i tcp=$READY"; done | cat few - >many
serve() { start "$NAME" sh -c 'ulimit -n 128; exec "$@"' sh "$SNIROUTE" -n 9 -r routes --max-per-source 0 "$@"; }

everybody_waits() {
	peer crowd "$1" "$(addr_of "$NAME")" timeout:30 recv:2 sleep:1 shut read >crowd.out
	same "$1 x got=hi got= end=eof" "$(paste -sd ' ' crowd.out)" "$NAME"
	not_logged 'end=limit|no descriptor' "$NAME"
}
# all_listen PID...: each has all listeners
all_listen() {
	for pid in "$@"; do
		[ "$(find "/proc/$pid/fd" -type l | wc -l)" -gt 61 ] || return 1
	done
}

NAME=at_start
cp many routes
serve
everybody_waits 50
stop at_start

NAME=reload
cp few routes
serve
cp many new && mv new routes
wait_for 10 all_listen "$(pid_of reload)" || fail "the new addresses are not bound"
everybody_waits 50
# They go, and the room is there again.
cp few new && mv new routes
wait_for 10 test ! -e 60 || fail "the addresses are still bound"
everybody_waits 50
stop reload

NAME=workers
serve -j 2
# shellcheck disable=SC2046 # words are wanted
set -- $(pgrep -P "$(pid_of workers)")
cp many new && mv new routes
wait_for 10 all_listen "$@" || fail "the workers do not listen"
everybody_waits 100
