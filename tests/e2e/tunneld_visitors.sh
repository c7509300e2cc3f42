#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: how visitors come in, what the client is told of them, and what they get when there is no stream for them.
. "${0%/*}/lib.sh"

key server.key >/dev/null
ID=$(login a)
visit() { by_hand visitor "$@"; }
# served WORD...: a client that does these words once it is welcome, in the background; waits for that
served() {
	: >client.log
	by_hand client "$ADDR" a.key hello get "$@" >client.log &
	CLIENT=$!
	wait_for 5 grep -q ^welcome client.log || fail "no client"
}
# told: what the client saw behind its welcome
told() { wait_for 10 gone "$CLIENT" || :; tail -n +2 client.log; }
echo "$ID names=app.test,*.x.wild.test,*.wild.test streams=2" >auth
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" --visitors \
    127.0.0.1:0 -a auth --park 2.5 -m "unix:$T/metrics"
ADDR=${READY%% *}
TCP=${READY##* }

# ---- what the client is told ----
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:App.Test.,kind=tls,src=192.0.2.7:77,alpn=h2 send:GET shut read)"
same "src=192.0.2.7:77 dst=198.51.100.7:443 01=h2 02=app.test e0=tls behind=GET" "$(told)"
logged "peer=192.0.2.7:77 name=app.test route=app.test target=$ID hello=- rx=3 tx=2 ms=[0-9]+ end=closed" tunneld
served stream:hi
same "got=hi end=eof" "$(visit "$TCP" "header:$ID.tun.test,local" 'send:GET /' shut read)"
same "02=$ID.tun.test e0=http behind=GET\\x20/" "$(told)"
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:a.b.wild.test 'send:\x16\x03\x01' shut read)"
has "$(told)" 'e0=tls behind=\\x16\\x03\\x01$'
logged 'name=a.b.wild.test route=\*.wild.test ' tunneld
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:b.x.wild.test send:abc shut read)"
has "$(told)" 'e0=tcp behind=abc$'
logged 'name=b.x.wild.test route=\*.x.wild.test ' tunneld
# HTTP begins with one of its methods and a blank, in one piece or in several; other words, and capital letters alone, do not make it.
is() { # KIND WORD...: a visitor of whom the kind is not told
	local kind="$1"; shift
	served stream:hi
	same "got=hi end=eof" "$(visit "$TCP" header:app.test,local "$@" shut read)"
	has "$(told)" "e0=$kind behind="
}
is http 'send:GET /'
is http send:G sleep:0.03 send:E sleep:0.03 'send:T /'
is http send:VERSION- sleep:0.03 'send:CONTROL /'
is http 'send:PROPFIND /'
is http 'send:PRI * HTTP/2.0\r\n'
is http 'send:OPTIONS * HTTP/1.1\r\n'
is tcp send:SSH-2.0-x
is tcp 'send:NICK bob\r\n'
is tcp 'send:EHLO x\r\n'
is tcp 'send:SET k 5\r\n'
is tcp 'send:GETX /'
is tcp 'send:get /'
is tcp 'send: GET /'
is tcp send:GET
is tcp send:G
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors pass:app.test,local send:SSH sleep:0.03 send:-2.0-x shut read)"
has "$(told)" 'e0=tcp behind=SSH-2.0-x$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:app.test send:GE sleep:1 'send:T /' shut read)"	# no more was waited for
has "$(told)" 'e0=tcp behind=GET.x20/$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:app.test 'send:GET' read)"		# nor is there any more
has "$(told)" 'e0=tcp behind=GET$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:app.test "send:$(printf '%040d' 0 | tr 0 X)" read)"
has "$(told)" 'e0=tcp behind=X{40}$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:app.test shut read)"	# an end without a byte
has "$(told)" 'e0=tcp behind=$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors header:app.test read)"		# half a second of silence
has "$(told)" 'e0=tcp behind=$'

# Handed over: the socket is the visitor, its bytes are all there.
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors pass:app.test,kind=tls,src=192.0.2.8:88 sleep:0.1 send:hello shut read)"
has "$(told)" '^src=192.0.2.8:88 dst=198.51.100.7:443 02=app.test e0=tls behind=hello$'
served stream:hi
same "got=hi end=eof" "$(visit unix:visitors pass:app.test,local 'send:GET ' shut read)"
has "$(told)" '^src=127.0.0.1:[0-9]+ dst=127.0.0.1:[0-9]+ 02=app.test e0=http behind=GET.x20$'

# The header in pieces.
served stream:hi
same "got=hi end=eof" "$(client "unix:$T/visitors" pieces:1:0.002 \
    hex:0d0a0d0a000d0a515549540a2000000b020008 send:app.test send:x pieces:0:0 shut read)"
has "$(told)" '^02=app.test e0=tcp behind=x$'

# ---- no stream ----
HTTP='send:GET / HTTP/1.1\r\nHost: x\r\n\r\n'
out=$(visit unix:visitors header:nobody.test,kind=http "$HTTP" read)
has "$out" '^got=HTTP/1.1\\x20404\\x20Not\\x20Found.*Tunnel-Error:\\x20name.*Connection:\\x20close.*</html>.* end=eof$'
logged 'name=nobody.test route=- target=- hello=- rx=[1-9][0-9]* tx=[1-9][0-9]* .* end=no-route' tunneld
has "$(visit unix:visitors header:,kind=http "$HTTP" read)" 'x20404.*end=eof$'
has "$(visit unix:visitors header:app.test.evil,kind=http 'send:GET / HT' sleep:0.2 'send:TP/1.1\r\n\r\n' read)" 'x20404.*end=eof$'
lacks "$(visit unix:visitors header:nobody.test 'send:HEAD / HTTP/1.0\r\n\r\n' read)" 'html>'
# Whatever else it sends: the answer and an end in order.
has "$(visit "$TCP" header:nobody.test,kind=http "send:POST / HTTP/1.1\r\n\r\n$(printf '%0100000d' 0)" read)" 'x20404.* end=eof$'
for kind in tls tcp; do
	same "got= end=reset" "$(visit "$TCP" header:nobody.test,kind=$kind send:x read)"
done

# Known and away: parked, then told when to come again.
before=$(now_ms)
out=$(visit unix:visitors header:app.test,kind=http "$HTTP" read)
has "$out" '^got=HTTP/1.1\\x20503\\x20.*Tunnel-Error:\\x20offline.*Retry-After:\\x2010.* end=eof$'
[ $(($(now_ms) - before)) -ge 2500 ] || fail "not parked"
logged 'name=app.test route=- target=- .* end=unreachable' tunneld
same "got= end=reset" "$(visit "$TCP" header:app.test,kind=tls send:x read)"
# Parked, and the client comes.
visit unix:visitors header:app.test,kind=http "$HTTP" read >parked.log &
PARKED=$!
parked() { curl -sS --unix-socket metrics http://localhost/metrics | grep -q "^tunneld_parked_visitors $1\$"; }
wait_for 5 parked 1 || fail "not parked"
served stream:late
wait "$PARKED"
same "got=late end=eof" "$(cat parked.log)"
has "$(told)" 'e0=http behind=GET.*x0d.x0a$'
parked 0 || fail "still parked"

# The service doesn't want it.
served reset
has "$(visit unix:visitors header:app.test,kind=http "$HTTP" read)" '^got=HTTP/1.1\\x20502.*Tunnel-Error:\\x20local.* end=eof$'
logged "route=app.test target=$ID .* end=target-reset" tunneld
served reset
has "$(visit unix:visitors header:app.test,kind=http sleep:0.3 "$HTTP" read)" '^got=HTTP/1.1\\x20502.* end=eof$'
served reset
same "got= end=reset" "$(visit "$TCP" header:app.test,kind=tls send:x read)"
# The session is lost under it.
served hold rst
has "$(visit unix:visitors header:app.test,kind=http "$HTTP" read)" '^got=HTTP/1.1\\x20503.*Tunnel-Error:\\x20offline.* end=eof$'
served hold rst
same "got= end=reset" "$(visit "$TCP" header:app.test,kind=tls send:x read)"

# streams=2: the third is one too many.
served hold hold wait:over
visit unix:visitors header:app.test,kind=tcp read >one.log & ONE=$!
visit unix:visitors header:app.test,kind=tcp read >two.log & TWO=$!
wait_for 5 grep -q . client.log
joined() { curl -sS --unix-socket metrics http://localhost/metrics | grep -q "^tunneld_visitors $1\$"; }
wait_for 5 joined 2 || fail "no two visitors"
has "$(visit unix:visitors header:app.test,kind=http "$HTTP" read)" '^got=HTTP/1.1\\x20503.*Tunnel-Error:\\x20local.* end=eof$'
same "got= end=reset" "$(visit "$TCP" header:app.test,kind=tls send:x read)"
logged 'name=app.test route=app.test target=- .* end=limit' tunneld
touch over
wait "$ONE" "$TWO" "$CLIENT" || :
wait_for 5 joined 0 || fail "visitors stay"

# ---- no visitors ----
for bad in 'send:GET / HTTP/1.0\r\n\r\n' hex:0d0a0d0a000d0a515549540a3000 'send:PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n' \
    hex:0d0a0d0a000d0a515549540a2000ffff hex:0d0a0d0a000d0a515549540a2111000fc0000201c000020200010002020008; do
	has "$(client "unix:$T/visitors" "$bad" timeout:5 read)" '^got= end='
done
logged_times 5 'hello=malformed .* end=hello' tunneld
logged_times 5 'info: conn=[0-9]+ peer=unix hello=malformed reason="header: ' tunneld
logged 'reason="header: it does not begin with a PROXY header"$' tunneld
logged 'reason="header: version 1 has no place for a name"$' tunneld
logged_times 3 'reason="header: its PROXY header is broken or too long"$' tunneld
has "$(client "unix:$T/visitors" hex:0d0a0d0a000d shut timeout:5 read)" '^got= end='
logged 'hello=eof .* end=hello' tunneld
# A descriptor that is no stream socket; bytes behind the header of one that is: it is reset.
python3 -SE - <<-'END'
	import os, socket, sys
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	theirs, ours = peer.tcp_pair()
	head = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\x0b\x02\0\x08app.test"
	for fd, more in ((os.open("auth", os.O_RDONLY), b""), (socket.socket(type=socket.SOCK_DGRAM).detach(), b""),
	    (ours.detach(), b"x")):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect("visitors")
	    socket.send_fds(s, [head + more], [fd])
	    os.close(fd)
	    try:
	        assert s.recv(1) == b""
	    except ConnectionResetError:
	        pass
	theirs.settimeout(10)
	try:
	    theirs.recv(1)
	    raise SystemExit("no reset")
	except ConnectionResetError:
	    pass
END
logged_times 8 'hello=malformed .* end=hello' tunneld
logged_times 2 'reason="header: the descriptor that came with it is not a stream socket"$' tunneld
logged_times 1 'reason="header: bytes behind that of a handed-over socket"$' tunneld
has "$(curl -sS --unix-socket metrics http://localhost/metrics)" '^tunneld_visitors_total\{kind="http"\} [1-9]'
[ "$(find "/proc/$(pid_of tunneld)/fd" -type l | wc -l)" -lt 20 ] || fail "descriptors are left: $(ls -l "/proc/$(pid_of tunneld)/fd")"

# Others than --peers may not hand over by TCP; who says nothing is not waited for.
stop tunneld
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors 127.0.0.1:0 --visitors \
    "unix:$T/visitors" -a auth --peers 127.0.0.2 --hello-timeout 0.5
TCP=${READY#* }
TCP=${TCP%% *}
same "got= end=eof" "$(client "unix:$T/visitors" timeout:5 read)"		# silent
logged 'peer=unix name=- .* hello=timeout .* end=hello' tunneld
same "got= end=eof" "$(client "$TCP" timeout:5 read)"
logged 'peer=127.0.0.1:[0-9]+ name=- route=- target=- hello=- rx=0 tx=0 ms=[0-9]+ end=denied' tunneld
has "$(client "$TCP" from:127.0.0.2 hex:0d0a0d0a000d0a515549540a20000007e0000468747470 "$HTTP" timeout:5 read)" 'HTTP/1.1.x20404'
