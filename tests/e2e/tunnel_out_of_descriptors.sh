#!/bin/sh
# SPDX-License-Identifier: ISC
# Out of descriptors tunneld lets newcomers wait, and tunnelc sends those away whom it cannot connect; nothing spins, both recover.
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
	[ $(($(wc -l <"$1.log") - lines)) -lt 5 ] || fail "$1: it logs again and again"
}
SERVER=$(key server.key)
launch() { # N ARG...
	local n="$1"; shift
	limited "$n" tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" --open \
	    --max-per-source 0 "$@"
	TUNNEL=${READY%% *}
}

# tunneld, by its own limit and by force: everybody waits and is served.
for more in '--max-logins 8' '--max-logins 8 --max-conns 1000'; do
	for way in visitor pass; do
		# shellcheck disable=SC2086 # words are wanted
		launch 60 $more
		tunnel c "tcp=$HI"
		spawn_peer crowd crowd 80 "unix:$T/visitors" "$way:$ID.tun.test,kind=tcp" recv:2 sleep:2 shut read
		sleep 0.7
		[ "$(fds tunneld)" -gt 24 ] || fail "the descriptors are not used up: $(fds tunneld)"
		rests tunneld
		ends crowd 0 30
		same "80 x got=hi got= end=eof" "$(cat crowd.log)" "$more, $way"
		same "got=hi end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)" "afterwards"
		same 1 "$(count 'link=' c)" "changes of the session"
		stop c
		stop tunneld
		rm -f c.log tunneld.log crowd.log
	done
done
