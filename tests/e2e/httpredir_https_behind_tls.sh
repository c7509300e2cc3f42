#!/bin/sh
# SPDX-License-Identifier: ISC
# sniroute, a TLS terminator and httpredir --https in a row serve https with a real certificate.
. "${0%/*}/lib.sh"

stunnel=$(command -v stunnel || command -v stunnel4) || skip "no stunnel"
certificate cert.pem a.test
web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes.http
start httpredir "$HTTPREDIR" -n 9 -l "unix:$T/http.sock" -r routes.http --https --accept-proxy
port=$(free_port)
cat >stunnel.conf <<-END
	foreground = yes
	pid =
	[https]
	accept = 127.0.0.1:$port
	connect = $T/http.sock
	cert = $T/cert.pem
	protocol = proxy
END
spawn stunnel "$stunnel" stunnel.conf
wait_for 5 sh -c "ss -Hltn sport = :$port | grep -q ." || fail "no stunnel"
echo "*.test tls=127.0.0.1:$port" >routes.tls
serve -l 127.0.0.1:0 -r routes.tls
ask_https() { curl -sSi --max-time 20 --cacert cert.pem.crt --connect-to "::$ADDR" "$@"; }
answer=$(ask_https https://a.test/head)
has "$answer" '^HTTP/1.1 200 '
has "$answer" '^X-Forwarded-Proto: https$'
has "$answer" '^X-Forwarded-For: 127\.0\.0\.1$'
has "$answer" '^Forwarded: for=127\.0\.0\.1;host=a\.test;proto=https$'
has "$(ask_https -k https://b.test/)" '^HTTP/1.1 404 '
stop httpredir
