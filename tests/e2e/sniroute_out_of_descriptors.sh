#!/bin/sh
# SPDX-License-Identifier: ISC
# Out of descriptors accepting pauses: no processor time is burnt, live connections go on, and it recovers by itself.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes

# try NAME ARG...: more clients than there are descriptors; their results are left in NAME.crowd.log
try() {
	name=$1; shift
	start "$name" sh -c 'ulimit -n 40; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --max-per-source 0 "$@"
	pid=$(pid_of "$name")
	spawn_peer "$name.crowd" crowd 60 "$READY" hello:www.example.org sleep:3 shut read
	sleep 1
	[ "$(ls "/proc/$pid/fd" | wc -l)" -gt 28 ] || fail "$name: the descriptors are not used up"
	cpu=$(cpu_ms "$pid")
	lines=$(grep -vc ' conn=' "$name.log")
	sleep 1
	used=$(($(cpu_ms "$pid") - cpu))
	[ $used -lt 150 ] || fail "$name: $used ms of processor time in 1 s of waiting"
	[ $(($(grep -vc ' conn=' "$name.log") - lines)) -lt 5 ] || fail "$name: it logs again and again"
	ends "$name.crowd" 0 40
	same "got=hi end=eof" "$(ask "$READY" www.example.org)" "$name: afterwards"
}

try by_default
same "60 x got=hi end=eof" "$(cat by_default.crowd.log)" "everybody waits and is served"
try by_force --max-conns 1000
lacks "$(cat by_force.crowd.log)" '(failed|connect)='

# Where there are hardly any, too: four at a time.
start tiny sh -c 'ulimit -n 20; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --max-per-source 0
spawn_peer tiny.crowd crowd 60 "$READY" hello:www.example.org shut read
ends tiny.crowd 0 40
same "60 x got=hi end=eof" "$(cat tiny.crowd.log)" "everybody waits and is served by few descriptors"

# Where there are not even those of one connection, it is not ready.
served=0 refused=0
for n in 7 8 9 10 11 12; do
	spawn few sh -c 'ulimit -n "$1"; shift; exec "$@"' sh $n "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes 9>few.ready
	begun() { [ -s few.ready ] || gone "$(pid_of few)"; }
	wait_for 5 begun || fail "$n descriptors: neither ready nor gone"
	if [ -s few.ready ]; then
		same "got=hi end=eof" "$(ask "$(cat few.ready)" www.example.org)" "$n descriptors"
		signal few TERM
		ends few 0
		served=$((served + 1))
	else
		ends few 111
		logged 'error: start: Too many open files$' few
		refused=$((refused + 1))
	fi
done
[ $served -gt 0 ] && [ $refused -gt 0 ] || fail "$served served, $refused refused"
