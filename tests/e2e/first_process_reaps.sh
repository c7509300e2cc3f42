#!/bin/sh
# SPDX-License-Identifier: ISC
# As the first process of a container each tool buries the orphans that, say, a health check leaves, and answers TERM.
# shellcheck disable=SC2086
. "${0%/*}/lib.sh"
own_network

unshare -p -f --mount-proc true 2>/dev/null || skip "no right to make a pid namespace"
echo "* tcp=127.0.0.1:9" >routes
key k >/dev/null

# first NAME CMD...: as process 1; $pid is its pid out here
first() {
	local name="$1"; shift
	start "$name" unshare -p -f --mount-proc "$@"	# a sanitizer looks for its threads in /proc
	pid=$(pgrep -P "$(pid_of "$name")")
	nsenter -t "$pid" -p sh -c 'sleep 30 &'
	wait_for 5 orphan || fail "$name: no orphan"
	kill "$(orphan)"
	wait_for 5 alone || fail "$name: not buried: $(ps -o pid,stat,args --ppid "$pid")"
	kill "$pid"
	ends "$name" 0
}
orphan() { pgrep -P "$pid" -x sleep; }
alone() { ! orphan; }

serving="-n 9 -l 127.0.0.1:0"
first sniroute "$SNIROUTE" $serving -r routes
first workers "$SNIROUTE" $serving -r routes -j 2
first httpredir "$HTTPREDIR" $serving
first tunneld "$TUNNELD" $serving -i k --domain tun.test --visitors 127.0.0.1:0 --open
redis
first routesync "$ROUTESYNC" -n 9 -o out "$STORE"
