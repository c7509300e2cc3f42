#!/bin/sh
# SPDX-License-Identifier: ISC
# A listening address of a routes file may be a name. While DNS is silent nobody waits for it but that address, which is bound
# once there is an answer; a start waits 3 seconds, however many names and DNS servers there are.
. "${0%/*}/lib.sh"

own_network
use_own_dns
dns '127.0.0.1 lis.test'
named a
A=$READY
# How long the slowest of some connections took, in ms; a look-up that nobody answers takes 3 s at least
cat >probe.py <<'END'
import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
worst, end = 0, time.monotonic() + 6
while time.monotonic() < end:
    begin = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=30) as s:
        assert s.recv(10) == b"a"
    worst = max(worst, time.monotonic() - begin)
    time.sleep(0.1)
print(int(worst * 1000))
END

for workers in 1 2; do
	echo "127.0.0.1:0 tcp=$A" >routes
	serve -r routes -j $workers
	signal dns STOP
	echo "lis.test:8000 tcp=$A" >>routes
	logged 'routes: routes: read, 2 line'
	worst=$(python3 -SE probe.py "$ADDR")
	[ "$worst" -lt 2500 ] || fail "-j $workers: a connection took $worst ms while DNS was silent"
	signal dns CONT
	serves() { [ "$(client 127.0.0.1:8000 shut read)" = "got=a end=eof" ]; }
	wait_for 40 serves || fail "-j $workers: not bound when DNS answered"
	logged 'listen lis\.test:8000: bound 127\.0\.0\.1:8000'
	[ "$(count 'lis\.test:8000: the name has no address; trying again')" -le 1 ] || fail "said again and again"
	echo "127.0.0.1:0 tcp=$A" >new && mv new routes
	wait_for 5 grep -q 'listen lis\.test:8000: closed' sniroute.log || fail "not closed"

	signal dns STOP
	echo "lis.test:8000 tcp=$A" >>routes
	logged_times 2 'routes: routes: read, 2 line'
	sleep 0.5
	stop sniroute
	signal dns CONT
	rm sniroute.log
done

signal dns STOP
spawn silent python3 -SEc '
import socket, time
for host in "127.0.0.2", "127.0.0.3":
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind((host, 53))
    globals()[host] = sock
time.sleep(1000)'
silent() { ss -Hlun sport = :53 | grep -qF 127.0.0.3; }
wait_for 5 silent || fail "no silent servers"
printf 'nameserver 127.0.0.2\nnameserver 127.0.0.3\n' >>resolv.conf
for i in 1 2 3 4 5 6; do echo "l$i.test:8000 tcp=$A"; done >>routes
begin=$(now_ms)
serve -r routes
took=$(($(now_ms) - begin))
[ $took -lt 6000 ] || fail "the start took $took ms"
echo 'nameserver 127.0.0.1' >resolv.conf
same "got=a end=eof" "$(client "$ADDR" shut read)"
signal dns CONT
wait_for 40 serves || fail "not bound after a start with a silent DNS"
