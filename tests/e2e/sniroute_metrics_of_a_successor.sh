#!/bin/sh
# SPDX-License-Identifier: ISC
# A process that drains has its metrics address for as long; its successor serves meanwhile and takes that over when it is free.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes
scrape() { case $M in unix:*) curl -sS --max-time 5 --unix-socket "${M#unix:}" http://x/metrics ;; *) curl -sS --max-time 5 "http://$M/metrics" ;; esac }
listens() { grep -q "^ *[0-9]*: 0100007F:$(printf %04X "${ADDR##*:}") 00000000:0000 0A " /proc/net/tcp; }
no_longer_listens() { ! listens; }
conns_are() { scrape | grep -q "^sniroute_accepted_total $1\$"; }

for workers in 1 2; do
	for M in "127.0.0.1:$(free_port)" "localhost:$(free_port)" "unix:$T/metrics"; do
		serve -l 127.0.0.1:0 -r routes -m "$M" -j $workers
		rm -f up go
		spawn_peer client client "$ADDR" hello:www.example.org recv:2 touch:up wait:go shut read
		wait_for 5 test -e up || fail "no connection"
		wait_for 5 conns_are 1 || fail "no metrics at $M"
		listens || fail "$ADDR is not in /proc/net/tcp"
		signal sniroute TERM
		wait_for 5 no_longer_listens || fail "it listens on"
		start successor "$SNIROUTE" -n 9 -l "$ADDR" -r routes -m "$M" -j $workers
		logged 'warn: --metrics .*: Address already in use; trying again' successor
		alive "$(pid_of sniroute)" || fail "it does not drain"
		answers www.example.org hi || fail "the successor does not serve"
		touch go
		ends client 0
		ends sniroute 0
		logged '^sniroute: info: metrics on ' successor
		wait_for 5 conns_are 1 || fail "no metrics of the successor at $M"
		stop successor
		rm successor.log
	done
done

# What is no process that goes away is told at once.
exits 111 timeout 10 "$SNIROUTE" -l 127.0.0.1:0 -r routes -m 192.0.2.77:0
has "$(cat err)" '--metrics 192\.0\.2\.77:0: '
