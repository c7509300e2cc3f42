#!/bin/sh
# SPDX-License-Identifier: ISC
# Silent strangers from many addresses hold all places for logins: after a second the oldest of them yields to who comes,
# or the oldest of its source where that has its share. Nobody younger has to.
. "${0%/*}/lib.sh"

# strangers NAME IP[/SRC]...: connections from these addresses, one after the other (behind a PROXY header that says SRC), which
# say nothing; NAME.log tells the number of each that ends without a byte, counted from 1.
cat >strangers.py <<'END'
import os, select, socket, sys
stop, addr, *words = sys.argv[1:]
host, port = addr.rsplit(":", 1)
held = {}
for n, word in enumerate(words, 1):
    ip, _, source = word.partition("/")
    s = socket.create_connection((host, int(port)), source_address=(ip, 0))
    if source:
        s.sendall(b"PROXY TCP4 %s 192.0.2.1 %d 2\r\n" % (source.encode(), n))
    held[s] = n
os.write(9, b"connected\n")
os.close(9)
while not os.path.exists(stop):
    for s in select.select(list(held), [], [], 0.05)[0]:
        print(held.pop(s), "heard" if s.recv(1) else "ended", flush=True)
END
strangers() {
	local name="$1"; shift
	start "$name" python3 -SE strangers.py over "$TUNNEL" "$@"
	came=$(now_ms)
}
old() { [ $(($(now_ms) - came)) -gt 1000 ]; }
ended() { sed -n 's/ ended//p' "$1.log" | paste -sd ' '; }
ended_are() { [ "$(ended "$1")" = "$2" ]; }
has_ended() { wait_for 5 ended_are "$@" || same "$2" "$(ended "$1")" "those of $1 that ended"; }

# Eight have all places, two of each source. Who comes in the same moment is closed: the fourth over its source's share, the
# tenth over all.
backend echo echo && ECHO=$READY
hub --max-logins 8 -m "unix:$T/metrics"
strangers first 127.0.0.2 127.0.0.3 127.0.0.2 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.4 127.0.0.5 127.0.0.5 127.0.0.6
has_ended first "4 10"
logged 'peer=127\.0\.0\.2:[0-9]+ closed: 3 logins are under way \(1 closed' tunneld
metric_is 8 tunneld_logins
same 2 "$(metric 'tunneld_logins_total{result="limited"}')" "limited"

# A second later a client gets in, for one of them.
wait_for 3 old
began=$(now_ms)
tunnel c "tcp=$ECHO"
ms=$(($(now_ms) - began))
[ $ms -lt 3000 ] || fail "a client waits $ms ms for silent ones"
has_ended first "4 10 1"
logged 'peer=127\.0\.0\.2:[0-9]+ closed: 8 logins are under way \(2 closed' tunneld
logged 'conn=1 peer=127\.0\.0\.2:[0-9]+ name=- route=- target=- hello=- rx=0 tx=0 ms=[0-9]+ end=limit$' tunneld
same 3 "$(metric 'tunneld_logins_total{result="limited"}')" "limited"
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"

# One more of a source that has its share takes the place of its oldest.
strangers more 127.0.0.4
has_ended first "4 10 1 6"
same 7 "$(metric tunneld_logins)" "logins under way"
same 4 "$(metric 'tunneld_logins_total{result="limited"}')" "limited"
same "" "$(ended more)"
stop c
stop tunneld

# Behind a router the source is the header's.
: >tunneld.log
hub --max-logins 8 -m "unix:$T/metrics" --accept-proxy
strangers proxied 127.0.0.1/192.0.2.7 127.0.0.1/192.0.2.8 127.0.0.1/192.0.2.7 127.0.0.1/192.0.2.7
has_ended proxied 4
logged 'peer=192\.0\.2\.7:4 closed: 4 logins are under way' tunneld
logged 'peer=192\.0\.2\.7:4 .* end=limit$' tunneld
wait_for 3 old
strangers newcomer 127.0.0.1/192.0.2.7
has_ended proxied "4 1"
same "" "$(ended newcomer)"
logged 'peer=192\.0\.2\.7:1 name=- .* hello=- rx=0 tx=0 ms=[0-9]+ end=limit$' tunneld
same 2 "$(metric 'tunneld_logins_total{result="limited"}')" "limited"
touch over
stop tunneld

# Nobody yields to itself: a header may come late, and name a source whose share was taken meanwhile.
hub --max-logins 4 --accept-proxy
cat >late.py <<'END'
import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
late, early = [socket.create_connection((host, int(port))) for _ in range(2)]
early.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 2 2\r\n")
time.sleep(1.3)
late.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n")
early.settimeout(5)
late.settimeout(0.5)
print("early", early.recv(1))
try:
    print("late", late.recv(1))
except TimeoutError:
    print("late waits")
END
same "early b''
late waits" "$(python3 -SE late.py "$TUNNEL")"
