#!/bin/sh
# SPDX-License-Identifier: ISC
# rediss://: read and watched over TLS; a certificate nobody vouches for, or for another host, is refused.
. "${0%/*}/lib.sh"

redis_over_tls
certificate other other.example
put a tls=10.0.0.1:443
exits 111 "$ROUTESYNC" "rediss://localhost:$PORT"
has "$(cat err)" 'store=unreachable .*certificate'
export SSL_CERT_FILE="$T/server.crt"
exits 0 "$ROUTESYNC" "rediss://localhost:$PORT"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat out)"
exits 111 "$ROUTESYNC" "rediss://127.0.0.1:$PORT"	# the certificate is for a name
cat server.crt other.crt >both
r config set tls-cert-file "$T/other" tls-key-file "$T/other"
SSL_CERT_FILE=$T/both exits 111 "$ROUTESYNC" "rediss://localhost:$PORT"
has "$(cat err)" 'store=unreachable .*certificate'
r config set tls-cert-file "$T/server" tls-key-file "$T/server"
backend plain 'send:-ERR\r\n' read
exits 111 "$ROUTESYNC" "rediss://localhost:${READY##*:}"
has "$(cat err)" 'store=unreachable .*why="TLS: wrong version number"'

sync -i 3600 "rediss://localhost:$PORT"
wait_for 5 sh -c 'redis-cli -s redis.sock pubsub numpat | grep -qx 1' || fail "no subscription"
put b tls=10.0.0.2:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443'
exits 111 "$ROUTESYNC" "redis://localhost:$PORT"
exits 0 "$ROUTESYNC" --put routes --prefix /copy/ "rediss://localhost:$PORT"
