#!/bin/sh
# SPDX-License-Identifier: ISC
# One port for all: the tunnel's clients (by ALPN, or by name), what they serve, and other names, behind sniroute.
. "${0%/*}/lib.sh"
own_network
use_own_dns
dns "127.0.0.1 hub.test"

hub --accept-proxy=127.0.0.0/8
certificate cert.pem tun.test other.test
tls_server other cert.pem
tls_server mine cert.pem
{
	echo "hub.test tls=$TUNNEL proxy=v2"
	echo "* alpn:tun/1=$TUNNEL proxy=v2"
	echo "other.test tls=$(addr_of other)"
	echo "*.tun.test tls=pass:$T/visitors"
} >routes
serve -l 127.0.0.1:0 -r routes

tunnel byname -s "hub.test:$PORT" "tls=$(addr_of mine)"
byname=$ID
tunnel byalpn -s "$ADDR" "tls=$(addr_of mine)"
byalpn=$ID
same mine "$(fetch "$byname.tun.test" -k)"
same mine "$(fetch "$byalpn.tun.test" -k)"
same other "$(fetch other.test -k)"

# tunneld knows where its clients are, by the header
logged "client=$byname .*peer=127\\.0\\.0\\.1:" tunneld
before=$(sed -n "s/.*client=$byname .*peer=\\([^ ]*\\) .*/\\1/p" tunneld.log)
ss -Htn "sport = :${before##*:}" | grep -q ":$PORT" || fail "peer=$before is no client of sniroute: $(ss -Htn)"

# all of it at once, a large transfer included
head -c 10000000 /dev/urandom >mine/large
for name in "$byname" "$byalpn"; do
	curl -sS --max-time 40 --connect-to "::$ADDR" -k -o "got.$name" "https://$name.tun.test/large" & pids="${pids:-} $!"
done
for pid in $pids; do wait "$pid" || fail "curl"; done
cmp mine/large "got.$byname"
cmp mine/large "got.$byalpn"

# sniroute restarts: both come back by themselves
stop sniroute
logged 'name=hub\.test route=hub\.test .*hello=ok'
logged 'name=- route=\* .*hello=no-sni'
serve -l "$ADDR" -r routes
answers_again() { [ "$(fetch "$byname.tun.test" -k)" = mine ] && [ "$(fetch "$byalpn.tun.test" -k)" = mine ]; }
wait_for 30 answers_again || fail "not back"
