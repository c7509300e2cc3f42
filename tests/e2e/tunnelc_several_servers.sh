#!/bin/sh
# SPDX-License-Identifier: ISC
# Several -s: a session with each, ready by the first, one's end is nothing to the others; one server by two names is no duel.
. "${0%/*}/lib.sh"

named web && WEB=$READY
dead=127.0.0.1:$(free_port)
hub
start other "$TUNNELD" -n 9 -i server.key --domain other.test --visitors "unix:$T/other.visitors" -l "unix:$T/door" --open
tunnel c -s "$dead" -s "$TUNNEL" -s "unix:$T/door" "tcp=$WEB" -m "unix:$T/metrics"
logged "server=$TUNNEL link=up names=$ID.tun.test" c
logged "server=unix:$T/door link=up names=$ID.other.test" c
logged "server=$dead link=down reason=\"$dead: Connection refused\"" c
has "$(curl -sS --unix-socket metrics http://x/metrics)" '^tunnelc_up 2$'
both() {
	same "got=web end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
	other
}
other() { same "got=web end=eof" "$(client "unix:$T/other.visitors" "visitor:$ID.other.test,kind=tcp" shut read)"; }
both
stop tunneld
logged "server=$TUNNEL link=(draining|down)" c
other
exits 0 "$TUNNELC" -i c.key --ready
signal c USR1
logged_times 3 'status server=' c
logged "status server=unix:$T/door link=up" c
signal c TERM
ends c 0

# A proxy leads to what lies behind a network; a unix socket is dialled all the same.
rm c.log
tunnel c -x "http://$dead" -s "$TUNNEL" -s "unix:$T/door" "tcp=$WEB"
logged "server=$TUNNEL link=down reason=\"proxy $dead: Connection refused\"" c
logged "server=unix:$T/door link=up names=$ID.other.test" c
stop c
stop other

# The newer session of a process replaces the older one, which is left alone then.
hub
rm c.log
tunnel c -s "$TUNNEL" -s "localhost:${TUNNEL##*:}" "tcp=$WEB" -v
logged 'link=down reason="refused: replaced.* retry_ms=-$' c
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
sleep 1
same 2 "$(count 'hello -> live' c)" "sessions begun"
