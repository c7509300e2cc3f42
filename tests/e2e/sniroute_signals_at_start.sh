#!/bin/sh
# SPDX-License-Identifier: ISC
# A signal that comes while the table is still being read is heard: HUP and USR1 kill nobody, TERM ends in order. So it does when
# the table is to come through a pipe; who writes into that may be late.
. "${0%/*}/lib.sh"

seq -f 'host%07.0f.example.net tls=127.0.0.1:1' 0 1500000 >routes
for signo in HUP USR1 INT TERM; do
	spawn early "$SNIROUTE" -l "unix:$T/sock" -r routes -g 1
	pid=$(pid_of early)
	wait_for 5 test -S sock
	kill -$signo "$pid"
	case $signo in
	HUP | USR1)
		wait_for 20 grep -q 'ready on ' early.log || fail "$signo: not ready"
		stop early
		;;
	*) ends early 0 20 ;;
	esac
	[ ! -e sock ] || fail "$signo: the socket is left behind"
	rm early.log
done

mkfifo pipe
sleep 60 >pipe &
writer=$!
spawn waiting "$SNIROUTE" -l 127.0.0.1:0 -r pipe
sleep 0.3
signal waiting TERM
ends waiting 0
kill $writer
wait_for 5 gone $writer		# else he is one who came and wrote nothing
{ sleep 0.5; echo '* tls=127.0.0.1:1' >pipe; } &
exits 0 timeout 10 "$SNIROUTE" -c -r pipe
