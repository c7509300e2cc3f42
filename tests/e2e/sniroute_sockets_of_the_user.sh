#!/bin/sh
# SPDX-License-Identifier: ISC
# Unix sockets bound before -u belong to that user and group, so that tools which run as one user reach each other.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
owner="$(id -un nobody):$(id -gn nobody)"
chmod 711 .
key server.key >/dev/null
echo "* tls=127.0.0.1:1" >routes
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" --open -u nobody \
    -m "unix:$T/tunneld.metrics"
same "$owner $owner" "$(stat -c %U:%G visitors tunneld.metrics | paste -sd ' ')"

echo "*.tun.test tls=pass:$T/visitors http=unix:$T/visitors proxy=v2" >routes
echo "unix:$T/plain tcp=127.0.0.1:1" >>routes
serve -l "unix:$T/in" -l 127.0.0.1:0 -r routes -m "unix:$T/metrics" -u nobody
same "$owner $owner $owner" "$(stat -c %U:%G in metrics plain | paste -sd ' ')"
front -l 127.0.0.1:0 -r routes -u nobody
HOST=nobody.tun.test get / >answer
has "$(cat answer)" '^HTTP/1\.1 404'
has "$(cat answer)" '^Tunnel-Error: name'
curl() { setpriv --reuid nobody --regid nogroup --clear-groups curl "$@"; }
has "$(curl -sS --max-time 5 --unix-socket metrics http://x/metrics)" '^sniroute_connections 0$'
