#!/bin/sh
# SPDX-License-Identifier: ISC
# A signal that comes while a long authorization file is read is heard: HUP does not kill it, TERM ends it in order.
. "${0%/*}/lib.sh"

key server.key >/dev/null
awk 'BEGIN { for (i = 0; i < 150000; i++) printf "secret=sha256:%064x names=host%07d.test\n", i, i }' >auth
reads() { [ "$(rss_kb "$1")" -gt 35000 ]; }
for signo in HUP TERM; do
	spawn early "$TUNNELD" -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" -a auth
	pid=$(pid_of early)
	wait_for 5 reads "$pid" || fail "it reads nothing"
	kill -$signo "$pid"
	case $signo in
	HUP)
		wait_for 20 grep -q 'ready on ' early.log || fail "not ready"
		killed early
		rm visitors
		;;
	*)
		ends early 0 20
		[ ! -e visitors ] || fail "the socket is left behind"
		;;
	esac
	rm early.log
done
