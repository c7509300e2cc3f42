#!/bin/sh
# SPDX-License-Identifier: ISC
# shellcheck disable=SC1091,SC2034,SC2086,SC3043,SC3045
# run.sh BUILD_DIR: the benchmark. Prints one table: sniroute against the proxies people use, on this machine.
#
# Set in the environment:
#   QUICK=1       a minute instead of five, one round: a look, not a result
#   ONLY=...      some of: rate bulk ping idle names reload launch pass http routesync tunnel
#   PROXIES=...   some of: direct sniroute haproxy nginx sniproxy
#   ROUNDS=3      how often; medians are shown
#   COPY=1        receivers copy bulk bytes instead of dropping them in the kernel
#   SPLICE=1      haproxy uses splice(2)
#   GEN_CPU=0 PROXY_CPU=1    where generator with backend, and the proxy, run; PROXY_CPU=0: all on one core
#   CONGESTION=cubic         of TCP, see network.sh
#   RAW=FILE      keep every single figure: KEY PROXY VALUE
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/network.sh"
own_network "$HERE/${0##*/}" "$@"

BUILD=$(cd "${1:-build}" && pwd)
SNIROUTE=$BUILD/bin/sniroute
LOADGEN=$BUILD/bench/loadgen
BACKEND=$BUILD/bench/backend
BARE=$BUILD/bench/bare

ONLY=${ONLY:-rate bulk ping idle names reload launch pass http routesync tunnel}
PROXIES=${PROXIES:-direct sniroute haproxy nginx sniproxy}
GEN_CPU=${GEN_CPU:-0}
PROXY_CPU=${PROXY_CPU:-$(($(nproc) > 1))}
if [ -n "${QUICK:-}" ]; then
	ROUNDS=${ROUNDS:-1} LONG=1 SHORT=0.4 PAIRS=3 SIZES='1000 1000000'
else
	ROUNDS=${ROUNDS:-3} LONG=2 SHORT=1 PAIRS=9 SIZES='1000 100000 1000000'
fi
IDLE_CONNS=5000		# or what the descriptor limit carries
CALLS_CONNS=2000	# connections under strace
LAUNCHES=50

# On two CPUs the generator is as busy as the proxy, which spends what it has left on waking up, and is charged for it; so cost is
# measured on one CPU, too. There a proxy that may not interrupt the others (SCHED_BATCH) finds its work piled up, as in an overload.
GEN_PIN="taskset -c $GEN_CPU"
PROXY_PIN="chrt -b 0 taskset -c $PROXY_CPU"

. "$HERE/peers.sh"
. "$HERE/measure.sh"

# ---- processes: every one is tracked from its start and ended by its pid ----

track()
{
	: >"$TMP/pids/$1"
}

# end PID [SIGNAL]: and wait; whoever does not go within 3 s is killed.
end()
{
	local pid=$1 all p i=0

	all=$(tree "$pid")
	kill -"${2:-TERM}" "$pid" 2>/dev/null || true
	while [ $i -lt 60 ] && kill -0 "$pid" 2>/dev/null && ! is_zombie "$pid"; do
		sleep 0.05
		i=$((i + 1))
	done
	[ $i -lt 60 ] || for p in $all; do kill -KILL "$p" 2>/dev/null || true; done
	wait "$pid" 2>/dev/null || true
	rm -f "$TMP/pids/$pid"
}

is_zombie()
{
	grep -q '^State:[^A-Z]*Z' "/proc/$1/status" 2>/dev/null
}

clean_up()
{
	local pid

	trap - EXIT
	for pid in "$TMP"/pids/*; do
		[ ! -e "$pid" ] || end "${pid##*/}"
	done
	[ -z "${RAW:-}" ] || cp "$TMP/results" "$RAW"
	rm -rf "$TMP"
}

set_up()
{
	TMP=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
	mkdir "$TMP/pids"
	: >"$TMP/results"
	chmod 755 "$TMP"
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
	NOFILE=$(ulimit -n)
	[ "$NOFILE" != unlimited ] && [ "$NOFILE" -le 65536 ] || NOFILE=65536
	MAX_CONNS=$(((NOFILE - 200) / 2))
	[ "$IDLE_CONNS" -lt $((MAX_CONNS - 100)) ] || IDLE_CONNS=$((MAX_CONNS - 100))
}

need_programs()
{
	local p there=

	for p in "$LOADGEN" "$BACKEND" "$BARE"; do
		[ -x "$p" ] || { echo "run.sh: $p is missing; make $p" >&2; exit 111; }
	done
	for p in $PROXIES; do
		if is_there "$p"; then
			there="$there $p"
		else
			say "no $p here, left out"
		fi
	done
	PROXIES=${there# }
	ROUTED=$(echo " $PROXIES " | sed 's/ direct / /')
}

has_proxy()
{
	case " $PROXIES " in
	*" $1 "*) true ;;
	*) false ;;
	esac
}

say()
{
	echo "bench: $*" >&2
}

start_backend()
{
	BACKEND_PORT=$("$LOADGEN" freeport)
	PASS_PATH=$TMP/pass
	$GEN_PIN "$BACKEND" -p "$BACKEND_PORT" -u "$PASS_PATH" ${COPY:+-y} &
	BACKEND_PID=$!
	track $BACKEND_PID
	"$LOADGEN" wait -t 5 "$BACKEND_PORT" || { say "the backend does not answer"; exit 111; }
}

# ---- instances: a running proxy has a name, a port and a pid; "direct" is the backend itself ----

# start INSTANCE PROXY ROUTES: and wait until it serves; LOADED is the seconds it took.
start()
{
	local port dir="$TMP/$1" began

	mkdir -p "$dir"
	: >"$dir/pid"
	if [ "$2" = direct ]; then
		echo "$BACKEND_PORT" >"$dir/port"
		return
	fi
	port=$("$LOADGEN" freeport)
	echo "$port" >"$dir/port"
	began=$(date +%s%N)
	"run_$2" "$dir" "$port" "$3" >"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	track $!
	if ! "$LOADGEN" wait -t 30 "$port"; then
		say "$1 does not serve:"
		tail -n 20 "$dir/log" >&2
		exit 111
	fi
	LOADED=$(awk "BEGIN { print ($(date +%s%N) - $began) / 1e9 }")
}

start_all()
{
	local p

	for p in "$@"; do
		start "$p" "$p" "$(routes_file "$p" 10)"
	done
}

pid_of()
{
	cat "$TMP/$1/pid"
}

stop()
{
	local i pid

	for i in "$@"; do
		pid=$(pid_of "$i")
		[ -z "$pid" ] || end "$pid"
		rm -rf "${TMP:?}/$i"
	done
}

# load INSTANCE WORKLOAD ARGS...: OUT is what the generator says, CPU the seconds the proxy used meanwhile.
load()
{
	local instance=$1 workload=$2 pid before=0 after=0
	shift 2

	pid=$(pid_of "$instance")
	[ -z "$pid" ] || before=$(cpu_ticks "$pid")
	OUT=$($GEN_PIN "$LOADGEN" "$workload" "$@" ${COPY:+-y} "$(cat "$TMP/$instance/port")") || true
	[ -z "$pid" ] || after=$(cpu_ticks "$pid")
	CPU=$(awk "BEGIN { print ($after - $before) / $(getconf CLK_TCK) }")
	note_errors "$instance"
}

note_errors()
{
	record errors "${1%%.*}" "$(get errors)"
	[ "$(get errors)" = 0 ] || say "$1: $OUT"
}

# get KEY: from OUT.
get()
{
	echo "$OUT" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# record KEY PROXY EXPRESSION: for awk; nothing is recorded when a run gave no figures to put in it.
record()
{
	[ -z "$3" ] || awk "BEGIN { printf \"%s %s %.6g\n\", \"$1\", \"$2\", $3 }" >>"$TMP/results" 2>/dev/null || true
}

# record_cpu KEY PROXY EXPRESSION: not for "direct", which has no proxy.
record_cpu()
{
	[ "$2" = direct ] || record "$@"
}

# on_one_cpu COMMAND...: with generator and backend on the proxy's CPU.
on_one_cpu()
{
	GEN_PIN="taskset -c $PROXY_CPU"
	taskset -acp "$PROXY_CPU" "$BACKEND_PID" >/dev/null
	"$@"
	GEN_PIN="taskset -c $GEN_CPU"
	taskset -acp "$GEN_CPU" "$BACKEND_PID" >/dev/null
}

# ---- sections, one per ONLY word ----

rate_once()
{
	load "$1" rate -c 64 -t $LONG
	record rate.conns "$1" "$(get rate)"
	record rate.p50 "$1" "$(get p50)"
	record rate.p99 "$1" "$(get p99)"
	record_cpu rate.cpu "$1" "$CPU * 10000 / $(get conns)"
}

rate_one_cpu()
{
	on_one_cpu load "$1" rate -c 64 -t $LONG
	record rate.one.conns "$1" "$(get rate)"
	record_cpu rate.one.cpu "$1" "$CPU * 10000 / $(get conns)"
}

rate_calls()
{
	local calls

	calls=$(count_calls "$(pid_of "$1")" \
	    $GEN_PIN "$LOADGEN" rate -c 64 -n $CALLS_CONNS -t 10 "$(cat "$TMP/$1/port")")
	record rate.calls "$1" "${calls:+$calls / $CALLS_CONNS}"
}

section_rate()
{
	start_all $PROXIES bare
	each_round rate_once $PROXIES bare
	each_round rate_one_cpu $PROXIES bare
	for p in $ROUTED bare; do
		rate_calls "$p"
	done
	stop $PROXIES bare
}

# each_round FUNCTION INSTANCE...: interleaved, so that a noisy minute hits all of them.
each_round()
{
	local function=$1 i round=1
	shift

	while [ $round -le "$ROUNDS" ]; do
		for i in "$@"; do
			$function "$i"
			say "round $round $i $OUT"
		done
		round=$((round + 1))
	done
}

# bulk_once PROXY DIRECTION STREAMS
bulk_once()
{
	load "$1" "$2" -c "$3" -t $LONG
	record "bulk.$2$3.gbs" "$1" "$(get gbs)"
	record_cpu "bulk.$2$3.cpu" "$1" "$CPU * 1073741824 / $(get bytes)"
}

bulk_down_1() { bulk_once "$1" down 1; }
bulk_down_16() { bulk_once "$1" down 16; }
bulk_up_1() { bulk_once "$1" up 1; }
bulk_up_16() { bulk_once "$1" up 16; }

section_bulk()
{
	local f

	start_all $PROXIES
	for f in bulk_down_1 bulk_down_16 bulk_up_1 bulk_up_16; do
		each_round $f $PROXIES
	done
	stop $PROXIES
}

# ping_once PROXY CONNECTIONS
ping_once()
{
	load "$1" ping -c "$2" -t $SHORT
	record "ping$2.rate" "$1" "$(get rate)"
	record "ping$2.p50" "$1" "$(get p50)"
	record "ping$2.p99" "$1" "$(get p99)"
	record_cpu "ping$2.cpu" "$1" "$CPU * 1000000 / $(get trips)"
}

ping_1() { ping_once "$1" 1; }
ping_64() { ping_once "$1" 64; }

ping_one_cpu()
{
	on_one_cpu load "$1" ping -c 64 -t $SHORT
	record ping64.one.p50 "$1" "$(get p50)"
	record_cpu ping64.one.cpu "$1" "$CPU * 1000000 / $(get trips)"
}

section_ping()
{
	start_all $PROXIES bare
	each_round ping_1 $PROXIES bare
	each_round ping_64 $PROXIES bare
	each_round ping_one_cpu $PROXIES bare
	stop $PROXIES bare
}

# idle_once PROXY: a fresh one, for its memory remembers.
idle_once()
{
	local base full pid holder i=0

	start_all "$1"
	pid=$(pid_of "$1")
	base=$(pss_kib "$pid")
	$GEN_PIN "$LOADGEN" idle -c 64 -n $IDLE_CONNS -t 10 "$(cat "$TMP/$1/port")" >"$TMP/idle" &
	holder=$!
	track $holder
	while [ ! -s "$TMP/idle" ] && [ $i -lt 300 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	sleep 0.5
	full=$(pss_kib "$pid")
	OUT=$(cat "$TMP/idle")
	note_errors "$1"
	record idle.base "$1" "$base / 1024"
	record idle.conn "$1" "($full - $base) / $IDLE_CONNS"
	say "$1 $OUT base=$base KiB full=$full KiB"
	end $holder
	stop "$1"
}

section_idle()
{
	local p

	for p in $ROUTED; do
		idle_once "$p"
	done
}

# names_start PROXY COUNT [unsorted]: load a table, note the time.
names_start()
{
	local instance="$1.$2${3:+.$3}"

	start "$instance" "$1" "$(routes_file "$@")"
	record "names.$2${3:+.$3}.load" "$1" "$LOADED"
	say "$instance loaded in $LOADED s"
	INSTANCES="$INSTANCES $instance"
}

names_start_all()
{
	local p size

	for p in $ROUTED; do
		for size in $SIZES; do
			[ "$p" != sniproxy ] || [ "$size" -le 1000 ] || continue	# a list, searched line by line
			names_start "$p" "$size"
			[ "$p" != sniroute ] || names_start "$p" "$size" unsorted
		done
	done
}

# names_once PROXY.COUNT[.unsorted]
names_once()
{
	local count=${1#*.}

	load "$1" rate -c 64 -t $SHORT -k "${count%.*}"
	record "names.$count.conns" "${1%%.*}" "$(get rate)"
}

# A few per cent are lost in the noise of long runs far apart: short ones, in turn, one ratio per pair.
names_pairs()
{
	local n=0 few

	while [ $n -lt $((3 * PAIRS)) ]; do
		load sniroute.10 rate -c 64 -t 0.5 -k 10
		few=$(get rate)
		load sniroute.1000000 rate -c 64 -t 0.5 -k 1000000
		record names.1000000.slower sniroute "$(get rate) / $few"
		n=$((n + 1))
	done
}

# names_memory PROXY.COUNT[.unsorted]: only once names have been asked for is all of a table in memory, if it ever will be.
names_memory()
{
	local proxy=${1%%.*} count=${1#*.} pss size

	pss=$(pss_kib "$(pid_of "$1")")
	size=$(wc -c <"$TMP/routes.$1")
	record "names.$count.pss" "$proxy" "$pss / 1024"
	record "names.$count.ratio" "$proxy" "$pss * 1024 / $size"
	say "$1: PSS $pss KiB, file $((size / 1024)) KiB"
}

section_names()
{
	local i

	INSTANCES=
	names_start_all
	each_round names_once $INSTANCES
	for i in $INSTANCES; do
		names_memory "$i"
	done
	if has_proxy sniroute; then
		start sniroute.10 sniroute "$(routes_file sniroute 10)"
		INSTANCES="$INSTANCES sniroute.10"
		names_pairs
	fi
	stop $INSTANCES
}

# replace_routes FILE PID: under the feet of the running proxy.
replace_routes()
{
	sleep 0.5
	mv "$1.new" "$1"
	kill -HUP "$2"
}

# One connection after another, so that every one that has to wait for the loop shows. The longest of some is a rough figure:
# hence many rounds. Not SCHED_BATCH, which would let the thread that loads finish its time slice first.
reload_once()
{
	local file=$TMP/routes.reload quiet port

	cp "$(routes_file sniroute 1000000)" "$file"
	{ cat "$file"; echo "reloaded.example.net tls=127.0.0.1:$BACKEND_PORT"; } >"$file.new"
	start sniroute.reload sniroute "$file"
	port=$(cat "$TMP/sniroute.reload/port")
	load sniroute.reload rate -c 1 -t 1.5 -k 1000000
	quiet=$(get max)
	record reload.quiet.p999 sniroute "$(get p999)"
	record reload.quiet.max sniroute "$quiet"
	replace_routes "$file" "$(pid_of sniroute.reload)" &
	load sniroute.reload rate -c 1 -t 1.5 -k 1000000
	wait $!
	record reload.p999 sniroute "$(get p999)"
	record reload.max sniroute "$(get max)"
	record reload.longer sniroute "$(get max) - $quiet"
	if ! "$LOADGEN" wait -t 2 -s reloaded.example.net "$port"; then
		say "reload: the new table is not in use"
		record errors sniroute 1
	fi
	stop sniroute.reload
}

section_reload()
{
	local round=1 PROXY_PIN="taskset -c $PROXY_CPU"

	has_proxy sniroute || return 0
	while [ $round -le $PAIRS ]; do
		reload_once
		say "round $round reload $OUT"
		round=$((round + 1))
	done
}

# One connection on descriptors 0 and 1, nothing listens, the table is searched where it lies. Not pinned.
section_launch()
{
	local count

	has_proxy sniroute || return 0
	for count in 10 1000000; do
		OUT=$("$LOADGEN" launch -n $LAUNCHES -k $count -- "$SNIROUTE" -r "$(routes_file sniroute $count)" \
		    2>"$TMP/launch.log") || tail -n 3 "$TMP/launch.log" >&2
		note_errors sniroute
		record "launch.$count.p50" sniroute "$(get p50) / 1000"
		record "launch.$count.p99" sniroute "$(get p99) / 1000"
		say "launch with $count names $OUT"
	done
}

pass_bulk()
{
	load "$1" down -c 16 -t $LONG
	record pass.gbs "$1" "$(get gbs)"
	record_cpu pass.cpu "$1" "$CPU"
}

pass_rate()
{
	load "$1" rate -c 64 -t $SHORT
	record pass.conns "$1" "$(get rate)"
	record_cpu pass.conncpu "$1" "$CPU * 10000 / $(get conns)"
}

section_pass()
{
	has_proxy sniroute || return 0
	echo "* tls=pass:$PASS_PATH" >"$TMP/routes.pass"
	start sniroute sniroute "$TMP/routes.pass"
	start direct direct -
	each_round pass_bulk direct sniroute
	each_round pass_rate direct sniroute
	stop direct sniroute
}

# ---- the table ----

print_heading()
{
	local p receivers

	echo "Load generator and backend on CPU $GEN_CPU, proxy on CPU $PROXY_CPU of $(nproc);" \
	    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); Linux $(uname -r), $OWN_NETWORK"
	for p in $ROUTED; do
		printf '%s; ' "$(version_of "$p")"
	done
	echo "one worker each, load average$(cut -d' ' -f1 /proc/loadavg | sed 's/^/ /') at the end"
	[ -n "${COPY:-}" ] && receivers='copy bulk bytes' || receivers='drop bulk bytes in the kernel'
	echo "Medians of $ROUNDS rounds. Receivers $receivers."
	echo
}

print_table()
{
	print_heading
	awk -v columns='direct bare sniroute haproxy nginx sniproxy' -v ours=sniroute -v peers='haproxy nginx' \
	    -f "$HERE/table.awk" "$HERE/figures" "$TMP/results"
	echo
	echo "ratio: sniroute to the better of haproxy and nginx (pass: to direct). Compare ratios of one run, nothing else."
	echo "bare: the plainest loop that relays, without names, log, deadlines, limits (tests/bench/bare.c)."
	echo "Each logs every connection to a file. Loopback flatters large buffers: on a network"
	echo "card with 1500-byte frames pipes fill with less, and bulk ratios are smaller."
}

main()
{
	local section

	case $ONLY in
	http | routesync | tunnel) exec "$HERE/$ONLY.sh" "$BUILD" ;;
	esac
	set_up
	need_programs
	start_backend
	for section in $ONLY; do
		case $section in
		http | routesync | tunnel) ;;		# tables of their own, behind this one
		*) "section_$section" ;;
		esac
	done
	print_table
	for section in $ONLY; do
		case $section in
		http | routesync | tunnel) echo; "$HERE/$section.sh" "$BUILD" ;;
		esac
	done
}

main
