#!/bin/sh
# SPDX-License-Identifier: ISC
# A visitor is let go before its client is back: one that resets, one that never sends its request, and all when tunneld stops.
. "${0%/*}/lib.sh"

ID=$(key a.key)
echo "$ID names=away.test" >auth
hub -a auth --park 30 --hello-timeout 0.5 -m "unix:$T/metrics"

# parked, then gone
hand_over away.test,kind=tcp wait:go rst &
visitor=$!
metric_is 1 tunneld_parked_visitors
touch go
wait $visitor
logged 'name=away\.test route=- .* rx=0 tx=0 .* end=client-reset$' tunneld
metric_is 0 tunneld_parked_visitors

# nobody is there for its name; it says that it will speak HTTP, and is told after --hello-timeout
began=$(now_ms)
has "$(visit nobody.test,kind=http read)" 'x20404.*Tunnel-Error:.x20name.*end=eof$'
ms=$(($(now_ms) - began))
[ $ms -ge 450 ] && [ $ms -lt 5000 ] || fail "told after $ms ms"

# parked at TERM
spawn_peer http client "unix:$T/visitors" visitor:away.test,kind=http 'send:GET / HTTP/1.1\r\n\r\n' read
spawn_peer tcp client "unix:$T/visitors" pass:away.test,kind=tcp read
metric_is 2 tunneld_parked_visitors
signal tunneld TERM
ends tunneld 0
ends http 0
ends tcp 0
has "$(cat http.log)" 'x20503.*Tunnel-Error:.x20offline.*end=eof$'
same "got= end=reset" "$(cat tcp.log)"
logged_times 2 'name=away\.test .* end=unreachable$' tunneld
