#!/bin/sh
# SPDX-License-Identifier: ISC
# shellcheck disable=SC1091,SC2034,SC2086,SC3043
# http.sh BUILD_DIR: httpredir against nginx and haproxy: redirects and proxied requests, kept alive and not.
#
# Set in the environment: QUICK=1, ROUNDS=3, GEN_CPU=0, PROXY_CPU=1 as for run.sh. One worker each on PROXY_CPU; httpload (64
# connections) and the backend (nginx) on GEN_CPU. All write a line a connection to a file, nginx in pieces, as httpredir does: the
# peers log the requests that close theirs.
#
# What a request costs is measured with all on one CPU, too: see run.sh.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/network.sh"
own_network "$HERE/${0##*/}" "$@"

HTTPREDIR=$(cd "${1:-build}" && pwd)/bin/httpredir
LOADGEN=$(cd "${1:-build}" && pwd)/bench/loadgen
HTTPLOAD=$(cd "${1:-build}" && pwd)/bench/httpload
BARE=$(cd "${1:-build}" && pwd)/bench/bare
GEN_CPU=${GEN_CPU:-0}
PROXY_CPU=${PROXY_CPU:-$(($(nproc) > 1))}
if [ -n "${QUICK:-}" ]; then ROUNDS=${ROUNDS:-1} SECONDS_EACH=0.5; else ROUNDS=${ROUNDS:-3} SECONDS_EACH=2; fi
IDLE=2000
GEN_PIN="taskset -c $GEN_CPU"
PROXY_PIN="chrt -b 0 taskset -c $PROXY_CPU"
HZ=$(getconf CLK_TCK)

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

for p in nginx haproxy curl; do
	command -v $p >/dev/null || { echo "http.sh: no $p here" >&2; exit 111; }
done

port() { "$LOADGEN" freeport; }
BACK=$(port) NGINX_R=$(port) NGINX_P=$(port) HAPROXY_R=$(port) HAPROXY_P=$(port) HTTPREDIR_R=$(port) BARE_R=$(port)
HTTPREDIR_P=$HTTPREDIR_R

# nginx_conf NAME: the rest of the http block comes on standard input
nginx_conf()
{
	mkdir -p "$TMP/$1"
	{
		echo "daemon off; worker_processes 1; pid $TMP/$1/pid; error_log $TMP/$1/error;"
		echo "events { worker_connections 8192; } http { access_log off; keepalive_timeout 600;"
		echo "map \$http_connection \$closes { default 0; close 1; }"
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
	access_log $TMP/nginx/access combined buffer=64k flush=1s if=\$closes;
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
	    log stdout format raw local0
	defaults
	    mode http
	    log global
	    option httplog
	    timeout connect 5s
	    timeout client 600s
	    timeout server 600s
	    timeout http-request 5s
	    option forwardfor
	frontend redirects
	    bind 127.0.0.1:$HAPROXY_R backlog 4096
	    http-request set-log-level silent unless { req.hdr(connection) close }
	    http-request redirect scheme https code 308
	frontend requests
	    bind 127.0.0.1:$HAPROXY_P backlog 4096
	    http-request set-log-level silent unless { req.hdr(connection) close }
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
run $GEN_PIN nginx -c "$TMP/backend/conf"; BACKEND=$PID
run $PROXY_PIN nginx -c "$TMP/nginx/conf"; NGINX=$PID
run $PROXY_PIN haproxy -db -f "$TMP/haproxy.conf"; HAPROXY=$PID
run $PROXY_PIN "$HTTPREDIR" -l 127.0.0.1:"$HTTPREDIR_R" -r "$TMP/routes" --max-per-source 0; OURS=$PID
run $PROXY_PIN "$BARE" redirect "$BARE_R"; BARE_PID=$PID
for p in $BACK $NGINX_R $HAPROXY_R $HTTPREDIR_R $BARE_R; do
	curl -s --retry 20 --retry-connrefused --retry-delay 1 -o "$TMP/page" "http://127.0.0.1:$p/" ||
		{ echo "http.sh: port $p does not serve" >&2; tail "$TMP/log" >&2; exit 111; }
done

# load KEY PROXY PID PORT STATUS HOST [ARG...]: requests/s, p50, CPU us per request
load()
{
	local key=$1 proxy=$2 pid=$3 at=$4 status=$5 host=$6 before after
	shift 6
	before=$(cpu_ticks "$pid")
	$GEN_PIN "$HTTPLOAD" -t "$SECONDS_EACH" -s "$status" "$@" "$host" "$at" >"$TMP/load" || :
	after=$(cpu_ticks "$pid")
	[ -s "$TMP/load" ] || { echo "http.sh: $key of $proxy failed" >&2; return; }
	tr ' =' '\n ' <"$TMP/load" | awk -v key="$key" -v proxy="$proxy" -v us="$(((after - before) * 1000000 / HZ))" '
		{ v[$1] = $2 }
		END {
			print key ".rate", proxy, v["rate"]
			print key ".p50", proxy, v["p50"]
			print key ".cpu", proxy, us / v["requests"]
			print "errors", proxy, v["errors"]
		}' >>"$TMP/results"
}

# measure KEY PROXY ...: as load, on two CPUs and on one
measure()
{
	local key=$1
	shift
	load "$key" "$@"
	GEN_PIN="taskset -c $PROXY_CPU"
	move_backend "$PROXY_CPU"
	load "$key.one" "$@"
	GEN_PIN="taskset -c $GEN_CPU"
	move_backend "$GEN_CPU"
}

move_backend()
{
	local p

	for p in $(tree "$BACKEND"); do
		taskset -acp "$1" "$p" >/dev/null
	done
}

# all KEY KIND STATUS HOST [ARG...]
all()
{
	local key=$1 kind=$2 status=$3 host=$4
	shift 4
	eval "measure $key nginx $NGINX \$NGINX_$kind $status $host \"\$@\""
	eval "measure $key haproxy $HAPROXY \$HAPROXY_$kind $status $host \"\$@\""
	eval "measure $key httpredir $OURS \$HTTPREDIR_$kind $status $host \"\$@\""
	[ "$kind" = P ] || measure "$key" bare "$BARE_PID" "$BARE_R" "$status" "$host" "$@"
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
	all redirect R 308 redirect.test
	all redirect.close R 308 redirect.test -x
	all proxy P 200 proxy.test
	all proxy.close P 200 proxy.test -x
	round=$((round + 1))
done
mkfifo "$TMP/hold"
: >"$TMP/held"
idle nginx "$NGINX" "$NGINX_R"
idle haproxy "$HAPROXY" "$HAPROXY_R"
idle httpredir "$OURS" "$HTTPREDIR_R"

echo
echo "HTTP: generator (64 connections) and backend on CPU $GEN_CPU, one worker each on CPU $PROXY_CPU; medians of $ROUNDS rounds."
echo "ratio: httpredir to the better of haproxy and nginx. Each logs every connection to a file."
echo "bare: the plainest loop with one constant answer, without log, deadlines, limits (tests/bench/bare.c)."
echo
awk -v columns='bare httpredir haproxy nginx' -v ours=httpredir -v peers='haproxy nginx' -f "$HERE/table.awk" "$HERE/figures.http" "$TMP/results"
