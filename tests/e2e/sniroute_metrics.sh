#!/bin/sh
# SPDX-License-Identifier: ISC
# Metrics are Prometheus text, over TCP and unix sockets, with totals that agree with what happened and no name from outside.
. "${0%/*}/lib.sh"

named a
port=$(free_port)
printf '%s\n' "*.example.org tls=$READY" "deny.example.org tls=$READY deny=0.0.0.0/0" >routes
serve -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
start tcp "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -m 127.0.0.1:"$port"
get() { curl -sS --max-time 10 --unix-socket metrics "http://localhost$1"; }
total() { get /metrics | awk -v name="$1" 'index($1, name "{") == 1 || $1 == name { n += $2 } END { print n + 0 }'; }

same 0 "$(total sniroute_connections_total)"
for i in 1 2 3; do answers secret-name$i.example.org a || fail "not served"; done
refuses secret-name4.example.net 112
refuses deny.example.org 49
client "$ADDR" send:GET read >/dev/null
agrees() { [ "$(total sniroute_connections_total)" = 6 ]; }
wait_for 3 agrees || fail "six connections: $(get /metrics)"
text=$(get /metrics)
lacks "$text" 'secret-name'
label='[a-z_]+="[^"]*"'
sample="sniroute_[a-z0-9_]+(\\{$label(,$label)*\\})? [0-9.e+-]+"
lacks "$(printf '%s\n' "$text" | grep -vE "^(# (HELP|TYPE) sniroute_[a-z0-9_]+ .+|$sample)\$")" .
for name in $(printf '%s\n' "$text" | sed -n 's/^\(sniroute_[a-z0-9_]*\).*/\1/p' | sort -u); do
	has "$text" "^# TYPE ${name%_bucket} |^# TYPE ${name%_sum} |^# TYPE ${name%_count} "
done
has "$(curl -sSi --max-time 10 "http://127.0.0.1:$port/metrics")" '^HTTP/1\.[01] 200 '
has "$(curl -sSi --max-time 10 "http://127.0.0.1:$port/metrics")" '^Content-Type: text/plain'
has "$(curl -sSi --max-time 10 "http://127.0.0.1:$port/other")" '^HTTP/1\.[01] 404 '
has "$(curl -sSI --max-time 10 "http://127.0.0.1:$port/metrics")" '^HTTP/1\.[01] 200 '
client 127.0.0.1:"$port" pieces:1:0.01 'send:GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' read |
	grep -q sniroute_connections_total || fail "a slow scraper"
client 127.0.0.1:"$port" data:300k rst >/dev/null
has "$(curl -sS --max-time 10 "http://127.0.0.1:$port/metrics")" '^sniroute_connections_total'
