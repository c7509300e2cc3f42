#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc -i KEY --ready: 0 when a server has welcomed the one that runs with this key, 111 and a line else.
. "${0%/*}/lib.sh"

ready() { "$TUNNELC" -i web.key --ready; }
says() { ready 2>&1 | grep -qE "$1"; }
not_ready() { # PATTERN: with one line that says so, soon
	local begin; begin=$(now_ms)
	exits 111 ready
	[ "$(($(now_ms) - begin))" -lt 3000 ] || fail "took $(($(now_ms) - begin)) ms"
	same "" "$(cat out)"
	same 1 "$(wc -l <err)" "lines"
	has "$(cat err)" "$1"
}

echo "$(key web.key) sessions=2" >auth
not_ready 'nobody is there'

# it runs, but there is no server
port=$(free_port)
TUNNEL=127.0.0.1:$port
SERVER=$(key server.key)
spawn_tunnel web http=127.0.0.1:1
wait_for 5 says 'not ready: no server' || fail "not answered"
not_ready 'not ready: no server'

# the server comes
hub -l "$TUNNEL" -a auth
wait_for 20 ready || fail "never ready"
exits 0 ready
same "" "$(cat out err)"

# a second one with this key may run: the first one is asked, said once
spawn second "$TUNNELC" -s "$TUNNEL" -k "$SERVER" -i web.key http=127.0.0.1:1
logged 'in use: another tunnelc' second
exits 0 ready

# askers that never read, a crowd of them, and ones that ask in vain cost nothing
peer crowd 300 "unix:@tunnelc/$ID" read >crowd.out
same '300 x got=ready\x0a end=eof' "$(cat crowd.out)"
peer crowd 100 "unix:@tunnelc/$ID" close >crowd.out
exits 0 ready

# stopped: no answer, and no waiting for ever
kill -STOP "$(pid_of web)"
not_ready 'does not answer'
kill -CONT "$(pid_of web)"
wait_for 5 ready || fail "not ready again"

# the server goes
kill -9 "$(pid_of tunneld)"
forget tunneld
wait_for 5 says 'not ready: no server' || fail "ready without a server"

# the first one goes: the second one takes over
hub -l "$TUNNEL" -a auth
stop web
wait_for 30 ready || fail "the second one does not answer"
logged_times 1 'in use: another tunnelc' second
logged 'is ours now' second
