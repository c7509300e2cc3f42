#!/bin/sh
# SPDX-License-Identifier: ISC
# Metrics count requests, answers and connections to targets, and no name from outside appears.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
mkdir web; echo x >web/tok
front -l 127.0.0.1:0 -r routes -w web -m "unix:$T/metrics"
get /body >/dev/null; get /status/204 >/dev/null
HOST=b.test get / >/dev/null
HOST=secret.test get / >/dev/null
get /.well-known/acme-challenge/tok >/dev/null
page() { curl -sS --max-time 10 --unix-socket metrics http://localhost/metrics; }
settled() { page | grep -q '^httpredir_connections_total{end="closed"} 4'; }
wait_for 3 settled || fail "$(page)"
text=$(page)
for line in 'requests_total{by="redirect"} 1' 'requests_total{by="acme"} 1' 'requests_total{by="proxy"} 2' \
    'requests_total{by="refused"} 1' 'answers_total{class="2xx"} 3' 'answers_total{class="3xx"} 1' \
    'answers_total{class="4xx"} 1' 'answers_total{class="5xx"} 0' 'target_connects_total 1' 'target_reuses_total 1' \
    'target_connections 1' 'connections 0'; do
	printf '%s\n' "$text" | grep -qxF "httpredir_$line" || fail "no $line in $text"
done
lacks "$text" 'test'
signal httpredir USR1
logged 'status conns=0 accepted=5' httpredir
