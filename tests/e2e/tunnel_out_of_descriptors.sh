#!/bin/sh
# SPDX-License-Identifier: ISC
# Out of descriptors tunneld lets newcomers wait, and tunnelc sends those away whom it cannot connect; nothing spins,
# both recover.
. "${0%/*}/lib.sh"

backend hi send:hi read && HI=$READY
backend mute read && MUTE=$READY

# limited N NAME CMD...: as start, with so many descriptors
limited() { local n="$1" name="$2"; shift 2; start "$name" sh -c 'ulimit -n '"$n"'; exec "$@"' sh "$@"; }
# rests NAME: it costs next to no processor time, and does not log again and again
rests() {
	local pid cpu lines; pid=$(pid_of "$1")
	cpu=$(cpu_ms "$pid")
	lines=$(wc -l <"$1.log")
	sleep 1
	cpu=$(($(cpu_ms "$pid") - cpu))
	[ $cpu -lt 150 ] || fail "$1: $cpu ms of processor time in 1 s of waiting"
	[ $(($(wc -l <"$1.log") - lines)) -lt 20 ] || fail "$1: it logs again and again"
}
SERVER=$(key server.key)
launch() { # N ARG...
	local n="$1"; shift
	limited "$n" tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test \
	    --visitors "unix:$T/visitors" --open --max-per-source 0 "$@"
	TUNNEL=${READY%% *}
}

# crowded WAY ARG...: tunneld with more visitors than it has descriptors for
crowded() {
	local way="$1"; shift
	launch 50 --max-logins 4 "$@"
	tunnel c "tcp=$HI"
	base=$(fds tunneld)
	spawn_peer crowd crowd 120 "unix:$T/visitors" "$way:$ID.tun.test,kind=tcp" recv:2 wait:go sleep:0.3 shut read
	used_up() { [ "$(fds tunneld)" -gt $((base + 10)) ]; }
	wait_for 20 used_up || fail "the descriptors are not used up: $(fds tunneld) of $base"
	rests tunneld
	touch go
	ends crowd 0 30
	same "got=hi end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)" "afterwards"
	same 1 "$(count 'link=' c)" "changes of the session"
	fds_back "$base" tunneld
	stop c
	stop tunneld
}

# By its own limit everybody waits and is served; by force some of those handed over may be lost, and are told of.
crowded pass
same "120 x got=hi got= end=eof" "$(cat crowd.log)"
logged 'accepting paused' tunneld
rm c.log tunneld.log crowd.log go
crowded pass --max-conns 1000
logged_times 1 'accepting paused' tunneld
lost=$(count 'peer=unix name=- .* hello=- rx=0 tx=0 .* end=limit$' tunneld)
[ "$lost" -lt 60 ] || fail "$lost of 120 visitors are lost"
same $((120 - lost)) "$(sed -n 's/ x got=hi got= end=eof$//p' crowd.log)" "visitors served"
rm c.log tunneld.log go

# tunnelc: who finds no room is reset, and others are served as ever, those behind them too.
hub --visitors 127.0.0.1:0
VISITORS=${READY##* }
ID=$("$TUNNELC" -i c.key --id)
limited 30 c "$TUNNELC" -n 9 -k "$SERVER" -i c.key -s "$TUNNEL" "tcp=$HI" "tls=$MUTE" -m "unix:$T/metrics"
base=$(fds c)
start_peer herd herd 60 over "$VISITORS" "visitor:$ID.tun.test,kind=tls"
wait_for 10 has_lines 30 'route=tls target=.* rx=0 tx=0 .* end=limit$' c || fail "$(count 'end=limit' c) were sent away"
rests c
lost=$(count 'end=limit$' c)
same "got= end=reset" "$(client "$VISITORS" "visitor:$ID.tun.test,kind=tcp" read)"
logged_times $((lost + 1)) 'end=target-reset$' tunneld
touch over
fds_back "$base" c
same "got=hi end=eof" "$(client "$VISITORS" "visitor:$ID.tun.test,kind=tcp" shut read)" "afterwards"
metric_is 0 tunnelc_visitors
same 1 "$(count 'link=' c)" "changes of the session"
stop c

# The same where a program is to be started for each.
rm -f c.log over
limited 30 c "$TUNNELC" -n 9 -k "$SERVER" -i c.key -s "$TUNNEL" -- cat
start_peer herd herd 60 over "$VISITORS" "visitor:$ID.tun.test,kind=tcp"
wait_for 10 has_lines 30 'route=program target=cat .* rx=0 tx=0 .* end=limit$' c || fail "$(count 'end=limit' c) were sent away"
same 0 "$(count 'end=unreachable$' c)"
touch over
