#!/bin/sh
# SPDX-License-Identifier: ISC
# In every mode TERM and INT end it with 0, and HUP and USR1 do not: USR1 logs a status line.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
echo 'b tls=10.0.0.1:443' >live
lines 'old tls=10.0.0.1:1' >routes
kill -STOP "$(pid_of redis)"	# so that nothing comes to its end

outlives() {
	wait_for 5 blocks_usr1 "$1" || fail "$1 takes no signals"
	signal "$1" HUP
	signal "$1" USR1
	logged 'status ' "$1"
	alive "$(pid_of "$1")" || fail "$1 was ended by HUP or USR1"
}
# USR1 is blocked, to be read from the loop, and SEGV is not: before the exec, fork() may block all for a moment.
blocks_usr1() {
	[ $((0x$(sed -n 's/^SigBlk:.*\(........\)$/\1/p' "/proc/$(pid_of "$1")/status") >> 9 & 3)) = 1 ]
}
for sig in TERM INT; do
	mkfifo in.$sig
	for mode in stdin stdout put once follow publish; do
		name=$mode.$sig
		case $mode in
		stdin)	spawn "$name" sh -c "exec '$ROUTESYNC' -o routes - <in.$sig"
			exec 8>in.$sig
			printf '{"sni":"n","addr":"10.0.0.1"}' >&8
			;;
		stdout)	spawn "$name" "$ROUTESYNC" "$STORE" ;;
		put)	spawn "$name" "$ROUTESYNC" --put live "$STORE" ;;
		once)	spawn "$name" "$ROUTESYNC" -o routes --once "$STORE" ;;
		follow)	spawn "$name" "$ROUTESYNC" -o routes "$STORE" ;;
		publish) spawn "$name" "$ROUTESYNC" --publish live "$STORE" ;;
		esac
		outlives "$name"
		signal "$name" "$sig"
		ends "$name" 0
		exec 8>&-
		routes_are 'old tls=10.0.0.1:1' || fail "$name wrote the file"
	done
done
kill -CONT "$(pid_of redis)"

# standard input that goes on is read to its end
mkfifo in
spawn stdin sh -c "exec '$ROUTESYNC' -o routes - <in"
exec 8>in
printf '{"sni":"n",' >&8
outlives stdin
printf '"addr":"10.0.0.1"}' >&8
exec 8>&-
ends stdin 0
routes_are 'n tls=10.0.0.1:443' || fail "$(cat routes)"
