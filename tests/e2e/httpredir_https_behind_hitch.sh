#!/bin/sh
# SPDX-License-Identifier: ISC
# Behind sniroute and hitch the visitor's own address arrives: each passes the PROXY header on.
. "${0%/*}/lib.sh"

command -v hitch >/dev/null || skip "no hitch"
certificate cert.pem a.test
chmod 644 cert.pem
web one
echo "a.test http=$READY" >routes.http
start httpredir "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r routes.http --https --accept-proxy
back=$READY
port=$(free_port)
cat >hitch.conf <<-END
	frontend = "[127.0.0.1]:$port"
	backend = "[127.0.0.1]:${back##*:}"
	pem-file = "$T/cert.pem"
	proxy-proxy = on
	workers = 1
	daemon = off
	syslog = off
	log-level = 1
	$([ "$(id -u)" != 0 ] || echo 'user = "nobody"')
END
spawn hitch hitch --config=hitch.conf
wait_for 5 sh -c "ss -Hltn sport = :$port | grep -q ." || fail "no hitch"
echo "*.test tls=127.0.0.1:$port proxy=v1" >routes.tls
serve -l 127.0.0.1:0 -r routes.tls
answer=$(curl -sSi --max-time 20 --interface 127.0.0.77 --cacert cert.pem.crt --connect-to "::$ADDR" https://a.test/head)
has "$answer" '^HTTP/1.1 200 '
has "$answer" '^X-Forwarded-For: 127\.0\.0\.77$'
has "$answer" '^X-Forwarded-Proto: https$'
logged 'peer=127\.0\.0\.77:[0-9]+ name=a\.test ' httpredir
