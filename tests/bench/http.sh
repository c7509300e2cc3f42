#!/bin/sh
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2086,SC3043
# http.sh BUILD_DIR: httpredir against nginx and haproxy: redirects and proxied requests, kept alive and not.
#
# Set in the environment: QUICK=1, ROUNDS=3, GEN_CPU=0, PROXY_CPU=1 as for run.sh. One worker each on PROXY_CPU; wrk (64
# connections) and the backend (nginx) on GEN_CPU. The peers write no access log; httpredir logs to a file.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
HTTPREDIR=$(cd "${1:-build}" && pwd)/bin/httpredir
LOADGEN=$(cd "${1:-build}" && pwd)/bench/loadgen
GEN_CPU=${GEN_CPU:-0}
PROXY_CPU=${PROXY_CPU:-$(($(nproc) > 1))}
if [ -n "${QUICK:-}" ]; then ROUNDS=${ROUNDS:-1} SECONDS_EACH=2; else ROUNDS=${ROUNDS:-3} SECONDS_EACH=4; fi
IDLE=2000

. "$HERE/measure.sh"

TMP=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
chmod 755 "$TMP"
clean_up()
{
	trap - EXIT
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$TMP"
}
PIDS=
trap clean_up EXIT
trap 'exit 143' INT TERM

for p in wrk nginx haproxy curl; do
	command -v $p >/dev/null || { echo "http.sh: no $p here" >&2; exit 111; }
done

port() { "$LOADGEN" freeport; }
BACK=$(port) NGINX_R=$(port) NGINX_P=$(port) HAPROXY_R=$(port) HAPROXY_P=$(port) HTTPREDIR_R=$(port)
HTTPREDIR_P=$HTTPREDIR_R

# nginx_conf NAME: the rest of the http block comes on standard input
nginx_conf()
{
	mkdir -p "$TMP/$1"
	{
		echo "daemon off; worker_processes 1; pid $TMP/$1/pid; error_log $TMP/$1/error;"
		echo "events { worker_connections 8192; } http { access_log off; keepalive_timeout 600;"
		echo "keepalive_requests 1000000000; client_body_temp_path $TMP/$1; proxy_temp_path $TMP/$1;"
		echo "fastcgi_temp_path $TMP/$1; uwsgi_temp_path $TMP/$1; scgi_temp_path $TMP/$1;"
		cat
		echo "}"
	} >"$TMP/$1/conf"
}
nginx_conf backend <<EOT
	server { listen 127.0.0.1:$BACK backlog=4096; location / { return 200 "hello from the backend, in a few bytes\n"; } }
EOT
nginx_conf nginx <<EOT
	upstream back { server 127.0.0.1:$BACK; keepalive 128; keepalive_requests 1000000000; }
	server { listen 127.0.0.1:$NGINX_R backlog=4096; return 308 https://\$host\$request_uri; }
	server { listen 127.0.0.1:$NGINX_P backlog=4096; location / { proxy_pass http://back; proxy_http_version 1.1;
		proxy_set_header Connection ""; proxy_set_header Host \$host; proxy_buffering off;
		proxy_set_header X-Forwarded-For \$remote_addr; proxy_set_header X-Forwarded-Proto \$scheme; } }
EOT
cat >"$TMP/haproxy.conf" <<EOT
	global
	    nbthread 1
	    maxconn 8192
	defaults
	    mode http
	    timeout connect 5s
	    timeout client 600s
	    timeout server 600s
	    timeout http-request 5s
	    option forwardfor
	frontend redirects
	    bind 127.0.0.1:$HAPROXY_R backlog 4096
	    http-request redirect scheme https code 308
	frontend requests
	    bind 127.0.0.1:$HAPROXY_P backlog 4096
	    default_backend back
	backend back
	    http-reuse always
	    server one 127.0.0.1:$BACK
EOT
printf '%s\n' 'redirect.test tls=127.0.0.1:1' "proxy.test http=127.0.0.1:$BACK" >"$TMP/routes"

run()
{
	"$@" >"$TMP/log" 2>&1 &
	PID=$!
	PIDS="$PIDS $PID"
}
run taskset -c "$GEN_CPU" nginx -c "$TMP/backend/conf"
run taskset -c "$PROXY_CPU" nginx -c "$TMP/nginx/conf"; NGINX=$PID
run taskset -c "$PROXY_CPU" haproxy -db -f "$TMP/haproxy.conf"; HAPROXY=$PID
run taskset -c "$PROXY_CPU" "$HTTPREDIR" -l 127.0.0.1:"$HTTPREDIR_R" -r "$TMP/routes" --max-per-source 0; OURS=$PID
for p in $BACK $NGINX_R $HAPROXY_R $HTTPREDIR_R; do
	curl -s --retry 20 --retry-connrefused --retry-delay 1 -o "$TMP/page" "http://127.0.0.1:$p/" ||
		{ echo "http.sh: port $p does not serve" >&2; tail "$TMP/log" >&2; exit 111; }
done

# measure KEY PROXY PID PORT HOST [WRK ARG...]: requests/s and CPU us per request
measure()
{
	local key=$1 proxy=$2 pid=$3 at=$4 host=$5 before after
	shift 5
	before=$(cpu_ticks "$pid")
	taskset -c "$GEN_CPU" wrk -t 1 -c 64 -d "$SECONDS_EACH" -H "Host: $host" "$@" "http://127.0.0.1:$at/some/path?query=1" >"$TMP/wrk"
	after=$(cpu_ticks "$pid")
	grep -E 'Socket errors|Non-2xx' "$TMP/wrk" >&2 || :
	awk -v key="$key" -v proxy="$proxy" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
		/requests in/ { n = $1 } /^Requests\/sec/ { rate = $2 }
		END { print key ".rate", proxy, rate; print key ".cpu", proxy, ticks / hz * 1e6 / n }' "$TMP/wrk" >>"$TMP/results"
}

# all KEY KIND HOST [WRK ARG...]
all()
{
	local key=$1 kind=$2 host=$3
	shift 3
	eval "measure $key nginx $NGINX \$NGINX_$kind $host \"\$@\""
	eval "measure $key haproxy $HAPROXY \$HAPROXY_$kind $host \"\$@\""
	eval "measure $key httpredir $OURS \$HTTPREDIR_$kind $host \"\$@\""
}

# idle PROXY PID PORT: KiB of a kept-alive connection that has had a redirect
idle()
{
	local before
	before=$(pss_kib "$2")
	python3 -SEc '
import socket, sys
held = []
for _ in range(int(sys.argv[2])):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"GET / HTTP/1.1\r\nHost: redirect.test\r\n\r\n")
    s.recv(4096)
    held.append(s)
print("held", flush=True)
sys.stdin.read()' "$3" "$IDLE" <"$TMP/hold" >"$TMP/held" &
	PIDS="$PIDS $!"
	exec 8>"$TMP/hold"
	while ! grep -q held "$TMP/held" 2>/dev/null; do sleep 0.1; done
	echo "idle.conn $1 $(awk "BEGIN { print ($(pss_kib "$2") - $before) / $IDLE }")" >>"$TMP/results"
	exec 8>&-
	: >"$TMP/held"
}

: >"$TMP/results"
round=0
while [ $round -lt "$ROUNDS" ]; do
	all redirect R redirect.test
	all redirect.close R redirect.test -H 'Connection: close'
	all proxy P proxy.test
	all proxy.close P proxy.test -H 'Connection: close'
	round=$((round + 1))
done
mkfifo "$TMP/hold"
: >"$TMP/held"
idle nginx "$NGINX" "$NGINX_R"
idle haproxy "$HAPROXY" "$HAPROXY_R"
idle httpredir "$OURS" "$HTTPREDIR_R"

echo
echo "HTTP: wrk (64 connections) and backend on CPU $GEN_CPU, one worker each on CPU $PROXY_CPU; medians of $ROUNDS rounds"
echo
awk '
function median(k,	n, i, j, v) {
	n = count[k]
	for (i = 1; i <= n; i++) {
		v = sample[k, i]
		for (j = i; j > 1 && s[j - 1] > v; j--)
			s[j] = s[j - 1]
		s[j] = v
	}
	return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}
function row(label, key, decimals, low, goal,	n, h, m, best, ratio) {
	n = median(key " nginx"); h = median(key " haproxy"); m = median(key " httpredir")
	best = low ? (n < h ? n : h) : (n > h ? n : h)
	ratio = low ? best / (m > 0 ? m : 1e-9) : m / best
	printf "%-46s %9.*f %9.*f %9.*f  %5.2f", label, decimals, m, decimals, h, decimals, n, ratio
	if (goal != "")
		printf "  %s %s", goal, (key == "idle.conn" ? m <= 0.5 : ratio >= substr(goal, 4)) ? "yes" : "NO"
	print ""
}
{ k = $1 " " $2; sample[k, ++count[k]] = $3 + 0 }
END {
	printf "%-46s %9s %9s %9s  %5s  goal\n", "", "httpredir", "haproxy", "nginx", "ratio"
	row("redirects, kept alive: requests/s", "redirect.rate", 0, 0, "")
	row("  CPU us per request", "redirect.cpu", 2, 1, ">= 1.3")
	row("redirects, connection closed: requests/s", "redirect.close.rate", 0, 0, "")
	row("  CPU us per request", "redirect.close.cpu", 2, 1, ">= 1.3")
	row("proxied, kept alive: requests/s", "proxy.rate", 0, 0, "")
	row("  CPU us per request", "proxy.cpu", 2, 1, ">= 1.1")
	row("proxied, client closes: requests/s", "proxy.close.rate", 0, 0, "")
	row("  CPU us per request", "proxy.close.cpu", 2, 1, ">= 1.1")
	row("idle connection: KiB each", "idle.conn", 2, 1, "<= 0.5")
	print "\nratio: more than 1 is better than the best peer; requests per CPU second are what the goals are about."
}' "$TMP/results"
