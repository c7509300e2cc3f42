#!/bin/sh
# SPDX-License-Identifier: ISC
# Two processes with one key: the newcomer waits a minute where one may be, they share the visitors where two may; no
# duel ever.
. "${0%/*}/lib.sh"

named first && FIRST=$READY
named second && SECOND=$READY
backend holds_first send:first read && HOLDS_FIRST=$READY
backend holds_second send:second read && HOLDS_SECOND=$READY
ID=$(key one.key)
cp -p one.key two.key
echo "$ID names=app.test" >auth
hub -a auth --park 0 -m "unix:$T/metrics"
tunnel one "tcp=$FIRST" "tls=$HOLDS_FIRST"
base=$(fds tunneld)

# sessions=1: who is there stays.
spawn_tunnel two "tcp=$SECOND" "tls=$HOLDS_SECOND"
logged "link=down reason=\"refused: limit: .*\" retry_ms=(59|6[01])[0-9]{3}\$" two
logged "client=$ID conn=[0-9]+ peer=.* session=refused reason=\"limit: as many sessions as it may have are here already\"\$" tunneld
logged "name=$ID.tun.test .* hello=ok .* end=limit\$" tunneld
same "5 x got=first end=eof" "$(peer crowd 5 "unix:$T/visitors" visitor:app.test,kind=tcp shut read)"
sleep 1
same 1 "$(count 'refused: limit' two)" "attempts"
same 1 "$(count 'link=' one)" "changes of the first one"
same 1 "$(metric tunneld_sessions)" "sessions"
fds_back "$base" tunneld
stop two

# sessions=2: both serve, the one with fewer visitors gets the next, and one alone serves all when the other is gone.
echo "$ID names=app.test sessions=2" >auth
logged 'authorized: auth: read, ' tunneld
rm two.log
tunnel two "tcp=$SECOND" "tls=$HOLDS_SECOND"
metric_is 2 tunneld_sessions
for i in 1 2 3 4; do
	spawn_peer "held$i" client "unix:$T/visitors" visitor:app.test,kind=tls line wait:over
	metric_is "$i" tunneld_visitors
done
same 2 "$(ss -Htn state established "dport = :${HOLDS_FIRST##*:}" | wc -l)" "visitors of the first"
same 2 "$(ss -Htn state established "dport = :${HOLDS_SECOND##*:}" | wc -l)" "visitors of the second"
killed one
metric_is 1 tunneld_sessions
same "5 x got=second end=eof" "$(peer crowd 5 "unix:$T/visitors" visitor:app.test,kind=tcp shut read)"
metric_is 2 tunneld_visitors
tunnel one "tcp=$FIRST" "tls=$HOLDS_FIRST"
spawn_peer held5 client "unix:$T/visitors" visitor:app.test,kind=tls line wait:over
metric_is 3 tunneld_visitors
same 1 "$(count 'link=' two)" "changes of the second one"
touch over
