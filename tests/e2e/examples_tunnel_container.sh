#!/bin/sh
# SPDX-License-Identifier: ISC
# The Containerfile: its entry point serves in an empty environment without any file but the key, its health check tells how it is.
. "${0%/*}/lib.sh"

recipe=$ROOT/examples/container/Containerfile
# words INSTRUCTION: its JSON list as shell words, for this machine
words() {
	sed -n "s,^$1 .*\(\[.*\]\)\$,\1,p; s,^$1 \(\[.*\]\)\$,\1,p" "$recipe" | head -n 1 |
	    jq -r '@sh' | sed "s,'/tunnelc','$TUNNELC',; s,/run/secrets,$T,"
}
command -v jq >/dev/null || skip "no jq"
has "$(words ENTRYPOINT)" "tunnelc.key'$"
has "$(words HEALTHCHECK)" "'--ready'$"
eval "set -- $(words HEALTHCHECK)"
healthy() { env -i ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$@"; }

server_id=$(key tunneld.key)
id=$(key tunnelc.key)
exits 111 healthy "$@"
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i tunneld.key --domain tun.example.com --visitors "unix:$T/visitors" --open
SERVER=${READY%% *}
web site
SITE=$READY
mkdir empty
(
	cd empty
	eval "set -- $(words ENTRYPOINT)"
	exec env -i ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$@" -s "$SERVER" -k "$server_id" "http=$SITE"
) </dev/null >tunnelc.log 2>&1 &
started tunnelc $! "$TUNNELC"
wait_for 5 healthy "$@" || fail "not healthy"
echo "*.tun.example.com http=unix:$T/visitors proxy=v2" >routes
front -l 127.0.0.1:0 -r routes
HOST=$id.tun.example.com
has "$(get /hello)" '^HTTP/1.1 200'

# The server gone, it isn't healthy, and stays up; the server back, it is again.
stop tunneld
unhealthy() { ! healthy "$@"; }
wait_for 5 unhealthy "$@" || fail "healthy without a server"
start tunneld "$TUNNELD" -n 9 -l "$SERVER" -i tunneld.key --domain tun.example.com --visitors "unix:$T/visitors" --open
wait_for 20 healthy "$@" || fail "not healthy again"
