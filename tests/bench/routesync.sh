#!/bin/sh
# SPDX-License-Identifier: ISC
# routesync.sh BUILD_DIR: routesync's figures against a redis-server of its own, each with its goal.
#
# Set in the environment:
#   QUICK=1       100,000 keys only
set -eu
export LC_ALL=C

BUILD=$(cd "${1:-build}" && pwd)
ROUTESYNC=$BUILD/bin/routesync
SNIROUTE=$BUILD/bin/sniroute
TMP=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
STORE=redis+unix://$TMP/redis.sock
PIDS=

clean_up() {
	trap - EXIT
	for pid in $PIDS; do kill "$pid" 2>/dev/null || :; done
	for pid in $PIDS; do wait "$pid" 2>/dev/null || :; done
	rm -rf "$TMP"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$TMP"
r() { redis-cli -s redis.sock "$@"; }
row() { printf '%-58s %10s  %s\n' "$1" "$2" "$3"; }
now_ms() { date +%s%3N; }
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"; }
peak_mib() { awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$1/status"; }

# start ARG...: routesync, until it is ready; PID and READY_MS, the time that took
start() {
	rm -f ready
	mkfifo ready
	local begin; begin=$(now_ms)
	"$ROUTESYNC" -o routes -n 9 "$@" "$STORE" 9>ready 2>>log &
	PID=$!
	PIDS="$PID $PIDS"
	read -r _ <ready
	READY_MS=$(($(now_ms) - begin))
}

stop() {
	kill "$PID"
	wait "$PID" || :
}

# Wrapped records, the most work there is.
fill() {
	python3 -SE - "$1" <<-'END' | r --pipe >/dev/null
	import base64, json, sys
	for i in range(int(sys.argv[1])):
	    key = "/tcprouter/service/host%07d.example.org" % i
	    record = {"addr": "10.%d.%d.%d" % (i >> 16 & 255, i >> 8 & 255, i & 255), "tlsport": 443, "httpport": 80,
	        "clientsecret": ""}
	    value = base64.b64encode(json.dumps(record).encode()).decode()
	    value = json.dumps({"Key": key, "Value": value, "LastIndex": 0})
	    sys.stdout.write("*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value))
	END
}

# ping SECONDS: another client's round trips meanwhile, their 99th percentile in ms
ping() {
	python3 -SE - "$TMP/redis.sock" "$1" <<-'END'
	import socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	took, end = [], time.monotonic() + float(sys.argv[2])
	while time.monotonic() < end:
	    begin = time.monotonic()
	    s.sendall(b"PING\r\n")
	    s.recv(100)
	    took.append(time.monotonic() - begin)
	    time.sleep(0.001)
	print("%.2f" % (sorted(took)[len(took) * 99 // 100] * 1000))
	END
}

# first_file COUNT GOAL_MS GOAL_MIB: from an empty file
first_file() {
	rm -f routes
	start -i 1
	row "$1 keys: first file" "$READY_MS ms" "$2"
	sleep 1
	row "$1 keys: another client's p99, refreshing each second" "$(ping 4) ms" 5
}

refresh() {
	local before after rounds
	before=$(cpu_ms "$PID")
	rounds=$(refreshes)
	sleep 8
	after=$(cpu_ms "$PID")
	rounds=$(($(refreshes) - rounds))
	[ "$rounds" = 0 ] || row "$1 keys: CPU of a refresh without a change" "$(((after - before) / rounds)) ms" "$2"
	row "$1 keys: memory, at most" "$(peak_mib "$PID") MiB" "$3"
}
refreshes() { curl -s --unix-socket metrics http://x/metrics | sed -n 's/^routesync_refreshes_total{result="ok"} //p'; }

# The worst of 20 changes of one key, in ms: from the command until the file that has it is there.
worst_change() {
	python3 -SE - "$TMP/redis.sock" "$TMP/routes" <<-'END'
	import os, socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	worst = 0
	for i in range(1, 21):
	    time.sleep(0.2)
	    was = os.stat(sys.argv[2]).st_ino
	    begin = time.monotonic()
	    s.sendall(b"SET /tcprouter/service/host0000001.example.org tls=10.0.0.1:%d\r\n" % i)
	    while os.stat(sys.argv[2]).st_ino == was:
	        time.sleep(0.0005)
	    worst = max(worst, time.monotonic() - begin)
	    s.recv(100)
	    if b"\nhost0000001.example.org tls=10.0.0.1:%d\n" % i not in open(sys.argv[2], "rb").read():
	        sys.exit("the change is not in the file")
	print(int(worst * 1000))
	END
}

changes() {
	r config set notify-keyspace-events KA >/dev/null
	start -i 3600
	sleep 1.5
	row "$1 keys: a changed key is in the file, worst of 20" "$(worst_change) ms" 100
	stop
	r config set notify-keyspace-events '' >/dev/null
}

measure() {
	r flushall >/dev/null
	fill "$1"
	first_file "$1" "$2"
	stop
	start -i 1 -m "unix:$TMP/metrics"
	refresh "$1" "$3" "$4"
	stop
}

redis-server --port 0 --unixsocket "$TMP/redis.sock" --save '' --appendonly no --dir "$TMP" >redis.log 2>&1 &
PIDS=$!
until r ping >/dev/null 2>&1; do sleep 0.05; done

echo "routesync and redis-server $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/') on $(nproc) CPUs," \
    "load average $(cut -d' ' -f1 /proc/loadavg)"
row '' measured 'goal, at most'
r flushall >/dev/null
fill 1000
changes 1000
measure 100000 1000 150 64
changes 100000
[ -n "${QUICK:-}" ] || measure 1000000 10000 - 400
