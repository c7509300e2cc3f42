#!/bin/sh
# SPDX-License-Identifier: ISC
# A real ACME client gets a certificate from a test authority by way of -w.
. "${0%/*}/lib.sh"

command -v dehydrated >/dev/null && command -v pebble >/dev/null || skip "no dehydrated or no pebble"
mkdir web
front -l 127.0.0.1:0 -w "$T/web"
certificate ca.pem localhost
port=$(free_port)
mgmt=$(free_port)
cat >pebble.json <<-END
	{ "pebble": { "listenAddress": "127.0.0.1:$port", "managementListenAddress": "127.0.0.1:$mgmt",
	  "certificate": "$T/ca.pem.crt", "privateKey": "$T/ca.pem", "httpPort": $PORT, "tlsPort": 1 } }
END
spawn pebble env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config pebble.json
wait_for 5 curl -sk "https://localhost:$port/dir" || fail "no pebble"
cat >config <<-END
	CA=https://localhost:$port/dir
	WELLKNOWN=$T/web
	BASEDIR=$T/certs
	CURL_OPTS="--cacert $T/ca.pem.crt"
	KEY_ALGO=prime256v1
END
mkdir certs
echo localhost >certs/domains.txt
dehydrated -f config --register --accept-terms >out 2>&1 || fail "no account"
dehydrated -f config -c >>out 2>&1 || fail "no certificate"
[ -s certs/certs/localhost/fullchain.pem ] || fail "no certificate"
logged 'name=localhost .*end=closed' httpredir
