#!/bin/sh
# SPDX-License-Identifier: ISC
# What comes to the tunnel's port and is no client of it: closed at once with a reason in the log, and nobody else
# notices.
# shellcheck disable=SC2086 # the words of $SAYS are wanted
. "${0%/*}/lib.sh"

named web && WEB=$READY
hub -m "unix:$T/metrics"
tunnel c "tcp=$WEB"
NAME=$ID.tun.test
spawn_peer beside loop over "unix:$T/visitors" "visitor:$NAME,kind=tcp" shut read sleep:0.02
base=$(fds tunneld)

# stranger REASON CMD...: its connection ends soon, and the log says why, behind its handshake (REASON), or in its
# last line
lines=0
stranger() {
	local reason="$1" last conn; shift
	timeout 9 "$@" </dev/null >stranger.out 2>&1 || [ $? != 124 ] || fail "still there: $*"
	lines=$((lines + 1))
	wait_for 5 this_often $lines "$LAST" tunneld || fail "no line of it: $*"
	last=$(grep -E "$LAST" tunneld.log | tail -n 1)
	conn=$(echo "$last" | grep -o 'conn=[0-9]*')
	has "$last
$(grep "$conn peer=.* hello=malformed reason=\"handshake: " tunneld.log)" "$reason"
}
SAYS="python3 -SE $TESTS/peer.py client $TUNNEL"
LAST='name=- route=- target=- hello=[a-z-]+ rx=0 tx=0 .* end=(hello|client-reset)$'
with_key() { # KIND ARG...: a key and its certificate in KIND.key
	local kind="$1"; shift
	openssl req -x509 -nodes -days 2 -subj /CN=t -keyout "$kind.key" -out "$kind.crt" "$@" 2>/dev/null
}
with_key ed -newkey ed25519
with_key rsa -newkey rsa:2048
with_key p384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
for n in $(seq 150); do printf 'DNS:%060d.test,' "$n"; done | sed 's/,$//' >names
with_key fat -newkey ed25519 -addext "subjectAltName=$(cat names)"

stranger hello=not-tls curl -sS --max-time 8 "http://$TUNNEL/"
stranger hello=not-tls $SAYS 'hex:0000000000000000000000000000000000000000000000000000' read
stranger hello=not-tls $SAYS 'send:SSH-2.0-OpenSSH_9.2\r\n' read
stranger hello=eof $SAYS hex:16 shut read
stranger '"handshake: no TLS 1.3 hello"' openssl s_client -connect "$TUNNEL" -tls1_2 -alpn tun/1
has "$(cat stranger.out)" 'alert protocol version'
stranger 'handshake: .*certificate' openssl s_client -connect "$TUNNEL" -tls1_3 -alpn tun/1		# none
stranger handshake: openssl s_client -connect "$TUNNEL" -tls1_3 -alpn h2 -cert ed.crt -key ed.key
has "$(cat stranger.out)" 'no application protocol'
stranger handshake: openssl s_client -connect "$TUNNEL" -tls1_3 -cert ed.crt -key ed.key	# no ALPN at all
stranger handshake: openssl s_client -connect "$TUNNEL" -tls1_3 -alpn tun/1 -cert rsa.crt -key rsa.key
stranger handshake: openssl s_client -connect "$TUNNEL" -tls1_3 -alpn tun/1 -cert p384.crt -key p384.key
stranger '"handshake: excessive message size"' \
    openssl s_client -connect "$TUNNEL" -tls1_3 -alpn tun/1 -cert fat.crt -key fat.key
# A record that claims to be larger than any, a hello that goes on and on, and one that is cut off.
stranger handshake: $SAYS hex:160301ffff "data:70000" read
stranger '"handshake: too many bytes before the end of the handshake"' \
    $SAYS hello:hub.test,pad=20000 read
stranger hello=eof $SAYS hello:hub.test,cut=10 shut read

metric_is 0 tunneld_logins
same "$lines" "$(metric 'tunneld_logins_total{result="failed"}')" "failed logins"
touch over
ends beside 0
has "$(cat beside.log)" '^[1-9][0-9]* x got=web end=eof$'
same 1 "$(wc -l <beside.log)" "kinds of answers"
fds_back "$base" tunneld
