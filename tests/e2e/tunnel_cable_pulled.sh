#!/bin/sh
# SPDX-License-Identifier: ISC
# The cable is pulled under load, without a FIN: both ends notice within --dead-after, let go of everything, and meet
# again later.
. "${0%/*}/lib.sh"
own_network
box_beside 24

hub -l 192.0.2.1:0 --heartbeat 0.5 --dead-after 1.5 --park 20 -m "unix:$T/metrics"
base=$(fds tunneld)
start pours nsenter -t "$box" -n python3 -SE "$TESTS/peer.py" server 127.0.0.1:0 flood:60
start drinks nsenter -t "$box" -n python3 -SE "$TESTS/peer.py" server 127.0.0.1:0 sum
start web nsenter -t "$box" -n python3 -SE "$TESTS/peer.py" server 127.0.0.1:0 send:web shut read
key in.key >/dev/null
ID=$("$TUNNELC" -i in.key --id)
NAME=$ID.tun.test
start in nsenter -t "$box" -n "$TUNNELC" -n 9 -s "$TUNNEL" -k "$SERVER" -i in.key \
    "tcp=$(addr_of pours)" "tls=$(addr_of drinks)" "http=$(addr_of web)"
same "got=web end=eof" "$(visit "$NAME,kind=http" shut read)"
mine=$(fds in)

pull() { # WHAT LOAD: both notice, soon
	local began ms; began=$(now_ms)
	ip link set veth0 down
	wait_for 10 has_lines "$PULLS" 'link=down reason="(silent: nothing came|lost: )' in ||
	    fail "tunnelc, $1: no line"
	ms=$(($(now_ms) - began))
	[ $ms -lt 6000 ] || fail "tunnelc, $1: after $ms ms"
	wait_for 10 has_lines "$PULLS" 'session=down reason="(silent: nothing came|lost: )' tunneld ||
	    fail "tunneld, $1: no line"
	ms=$(($(now_ms) - began))
	[ $ms -lt 6000 ] || fail "tunneld, $1: after $ms ms"
	PULLS=$((PULLS + 1))
}
mend() {
	ip link set veth0 up
	wait_for 40 within "$TUNNELC" -i in.key --ready || fail "not back"
}
PULLS=1
spawn_peer down client "unix:$T/visitors" "pass:$NAME,kind=tcp" sum
spawn_peer up client "unix:$T/visitors" "visitor:$NAME,kind=tls" flood:60 read
metric_is 2 tunneld_visitors
sleep 0.3
pull "under load"
for name in down up; do ends $name 0; done
has "$(cat down.log)" '^bytes=[1-9][0-9]* .* end=reset$'
logged_times 2 "name=$NAME route=$NAME .* end=target-reset\$" tunneld
logged_times 2 'route=(tcp|tls) .* end=client-reset$' in
fds_back "$base" tunneld
fds_back "$mine" in		# one that dials, perhaps, in the place of the session
# A visitor who comes meanwhile is served when it is mended.
spawn_peer parked client "unix:$T/visitors" "visitor:$NAME,kind=http" shut read
metric_is 1 tunneld_parked_visitors
mend
ends parked 0 20
same "got=web end=eof" "$(cat parked.log)"
fds_back "$mine" in

# Without any load the heartbeat alone tells.
pull idle
mend
same "got=web end=eof" "$(visit "$NAME,kind=http" shut read)"
fds_back $((base + 1)) tunneld
