#!/bin/sh
# SPDX-License-Identifier: ISC
# shellcheck disable=SC1091,SC2086,SC3043
# tunnel.sh BUILD_DIR: tunneld and tunnelc against ssh -R, with the cipher ssh chooses by itself and with the fastest one
# (aes128-gcm, which the tunnel uses, too): visitors and service on one CPU, both ends of the tunnel on the other.
#
# Set in the environment: QUICK=1, ROUNDS=3, GEN_CPU=0, PROXY_CPU=1, RAW=FILE as for run.sh; TUNNELS="tunnel ssh ssh_gcm".
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/network.sh"
own_network "$HERE/${0##*/}" "$@"

BUILD=$(cd "${1:-build}" && pwd)
LOADGEN=$BUILD/bench/loadgen
TUNNELS=${TUNNELS:-tunnel ssh ssh_gcm}
GEN_CPU=${GEN_CPU:-0}
PROXY_CPU=${PROXY_CPU:-$(($(nproc) > 1))}
if [ -n "${QUICK:-}" ]; then ROUNDS=${ROUNDS:-1} LONG=1 SHORT=0.5; else ROUNDS=${ROUNDS:-3} LONG=2 SHORT=1; fi
IDLE=1000

. "$HERE/measure.sh"

for p in "$LOADGEN" "$BUILD/bench/backend" "$BUILD/bin/tunneld" "$BUILD/bin/tunnelc"; do
	[ -x "$p" ] || { echo "tunnel.sh: $p is missing" >&2; exit 111; }
done
case " $TUNNELS " in
*" ssh"*) [ -x /usr/sbin/sshd ] || { echo "tunnel.sh: no sshd here, ssh is left out" >&2; TUNNELS=tunnel; } ;;
esac

TMP=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
PIDS=
clean_up()
{
	local pid

	trap - EXIT
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ -z "${RAW:-}" ] || cp "$TMP/results" "$RAW"
	rm -rf "$TMP"
}
trap clean_up EXIT
trap 'exit 143' INT TERM
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

say() { echo "bench: $*" >&2; }

# run LOG CPU COMMAND...: in the background, PID is its pid
run()
{
	local log=$1 cpu=$2
	shift 2
	taskset -c "$cpu" "$@" >>"$TMP/$log" 2>&1 &
	PID=$!
	PIDS="$PIDS $PID"
}

# serves ARGS...: wait until a visitor is served
serves()
{
	"$LOADGEN" wait -t 10 "$@" && return
	say "no visitor is served:"
	tail -n 5 "$TMP"/*.log >&2
	exit 111
}

BACKEND=$("$LOADGEN" freeport)
run backend.log "$GEN_CPU" "$BUILD/bench/backend" -p "$BACKEND"
serves "$BACKEND"

# start_NAME CPU: sets SERVER and CLIENT (pids) and TO, what the load generator needs to visit

start_tunnel()
{
	local id port visitors

	port=$("$LOADGEN" freeport) visitors=$("$LOADGEN" freeport)
	[ -e "$TMP/server.key" ] || "$BUILD/bin/tunnelc" --new-key "$TMP/server.key" >"$TMP/server.id"
	[ -e "$TMP/client.key" ] || "$BUILD/bin/tunnelc" --new-key "$TMP/client.key" >"$TMP/client.id"
	id=$("$BUILD/bin/tunnelc" -i "$TMP/client.key" --id)
	run tunneld.log "$1" "$BUILD/bin/tunneld" -l "127.0.0.1:$port" -i "$TMP/server.key" --domain tunnel.test \
	    --visitors "127.0.0.1:$visitors" --open
	SERVER=$PID
	run tunnelc.log "$1" "$BUILD/bin/tunnelc" -s "127.0.0.1:$port" -i "$TMP/client.key" \
	    -k "$("$BUILD/bin/tunnelc" -i "$TMP/server.key" --id)" "tls=127.0.0.1:$BACKEND"
	CLIENT=$PID
	TO="-v $id.tunnel.test $visitors"
}

start_ssh() { reverse "$1"; }
start_ssh_gcm() { reverse "$1" -o Ciphers=aes128-gcm@openssh.com; }

# reverse CPU [SSH_OPTION...]
reverse()
{
	local port visitors cpu=$1
	shift

	port=$("$LOADGEN" freeport) visitors=$("$LOADGEN" freeport)
	[ -e "$TMP/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$TMP/host"
	[ -e "$TMP/user" ] || ssh-keygen -q -t ed25519 -N '' -f "$TMP/user"
	printf '%s\n' "ListenAddress 127.0.0.1:$port" "HostKey $TMP/host" "AuthorizedKeysFile $TMP/user.pub" 'UsePAM no' \
	    'StrictModes no' 'PidFile none' 'PermitRootLogin yes' 'AllowTcpForwarding yes' >"$TMP/sshd_config"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	: >"$TMP/sshd.log"
	run sshd.log "$cpu" /usr/sbin/sshd -D -e -f "$TMP/sshd_config"
	SERVER=$PID
	while ! grep -q 'Server listening' "$TMP/sshd.log"; do sleep 0.1; done
	run ssh.log "$cpu" ssh -N -F /dev/null -i "$TMP/user" "$@" -o ExitOnForwardFailure=yes \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$port" \
	    -R "127.0.0.1:$visitors:127.0.0.1:$BACKEND" "$(id -un)@127.0.0.1"
	CLIENT=$PID
	TO=$visitors
}

# start NAME CPU
start()
{
	"start_$1" "$2"
	serves $TO
	eval "SERVER_$1=$SERVER CLIENT_$1=$CLIENT TO_$1='$TO'"
}

# choose NAME: what start() left
choose()
{
	eval "SERVER=\$SERVER_$1 CLIENT=\$CLIENT_$1 TO=\$TO_$1"
}

stop()
{
	kill "$CLIENT" "$SERVER"
	wait "$CLIENT" "$SERVER" 2>/dev/null || true
}

ticks() { echo $(($(cpu_ticks "$SERVER") + $(cpu_ticks "$CLIENT"))); }

# load WORKLOAD ARGS...: OUT is what the generator says, CPU the seconds both ends used meanwhile
load()
{
	local before workload=$1
	shift
	before=$(ticks)
	OUT=$(taskset -c "${PIN:-$GEN_CPU}" "$LOADGEN" "$workload" "$@" $TO) || true
	CPU=$(awk "BEGIN { print ($(ticks) - $before) / $(getconf CLK_TCK) }")
	record errors "$(get errors)"
	say "$NAME $workload $* $OUT"
}

get() { echo "$OUT" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# record KEY EXPRESSION: for awk; nothing is recorded when a run gave no figures to put in it
record()
{
	[ -z "$2" ] || awk "BEGIN { printf \"%s %s %.6g\n\", \"$1\", \"$NAME\", $2 }" >>"$TMP/results" 2>/dev/null || true
}

bulk()
{
	load "$1" -c "$2" -t $LONG
	record "$1$2.gbs" "$(get gbs)"
	record "$1$2.cpu" "$CPU * 1073741824 / $(get bytes)"
}

rate()
{
	load rate -c 64 -t $LONG
	record rate.conns "$(get rate)"
	record rate.cpu "$CPU * 1000000 / $(get conns)"
	record rate.p50 "$(get p50)"
	record rate.p99 "$(get p99)"
}

ping()
{
	load ping -c "$1" -t $SHORT
	record "ping$1.p50" "$(get p50)"
	record "ping$1.p99" "$(get p99)"
	record "ping$1.cpu" "$CPU * 1000000 / $(get trips)"
	PING_P50=$(get p50)
}

# hold WORKLOAD COUNT: visitors that stay until let_go
hold()
{
	local i=0

	: >"$TMP/held"
	taskset -c "$GEN_CPU" "$LOADGEN" "$1" -c 16 -n "$2" -t 10 $TO >"$TMP/held" &
	HOLDER=$!
	PIDS="$PIDS $HOLDER"
	while [ ! -s "$TMP/held" ] && [ $i -lt 200 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	sleep 0.5
}

let_go()
{
	kill $HOLDER
	wait $HOLDER 2>/dev/null || true
	OUT=$(cat "$TMP/held")
	record errors "$(get errors)"
}

stalled()
{
	ping 1
	local quiet=$PING_P50
	hold stall 16
	load ping -c 1 -t $SHORT
	record stalled.slower "$(get p50) / $quiet"
	let_go
}

idle()
{
	local server client

	server=$(anon_kib "$SERVER") client=$(anon_kib "$CLIENT")
	record base.server "$(rss_kib "$SERVER") / 1024"
	record base.client "$(rss_kib "$CLIENT") / 1024"
	hold idle $IDLE
	record idle.server "($(anon_kib "$SERVER") - $server) / $IDLE"
	record idle.client "($(anon_kib "$CLIENT") - $client) / $IDLE"
	let_go
}

# each COMMAND...: for every tunnel in turn, so that a noisy minute hits all of them
each()
{
	for NAME in $TUNNELS; do
		choose "$NAME"
		"$@"
	done
}

pinned_round()
{
	each bulk down 1
	each bulk up 1
	each bulk down 16
	each bulk up 16
	each rate
	each stalled
	each ping 64
}

beside()
{
	local bulk

	taskset -c "$ALL" "$LOADGEN" down -c 1 -t 60 $TO >/dev/null &
	bulk=$!
	PIDS="$PIDS $bulk"
	sleep 0.3
	PIN=$ALL load ping -c 1 -t $LONG
	record beside.p50 "$(get p50)"
	record beside.p99 "$(get p99)"
	kill -KILL $bulk
	wait $bulk 2>/dev/null || true
}

free_bulk()
{
	PIN=$ALL load "$1" -c 1 -t $LONG
	record "free.${1}1.gbs" "$(get gbs)"
}

free_round()
{
	each free_bulk down
	each free_bulk up
	each beside
}

rounds()
{
	local round=0

	while [ $round -lt "$ROUNDS" ]; do
		"$1"
		round=$((round + 1))
	done
}

: >"$TMP/results"
ALL=0-$(($(nproc) - 1))
for NAME in $TUNNELS; do
	start "$NAME" "$PROXY_CPU"
	idle
done
rounds pinned_round
each stop
for NAME in $TUNNELS; do start "$NAME" "$ALL"; done
rounds free_round

echo
echo "Tunnel: visitors and service on CPU $GEN_CPU, both ends on CPU $PROXY_CPU (but where it says: not pinned); medians of $ROUNDS rounds"
echo "$("$BUILD/bin/tunneld" -V); $(ssh -V 2>&1): its first choice chacha20-poly1305, and aes128-gcm; $(openssl version)"
echo
awk -v columns='tunnel ssh ssh_gcm' -v ours=tunnel -v peers='ssh ssh_gcm' -f "$HERE/table.awk" "$HERE/figures.tunnel" "$TMP/results"
