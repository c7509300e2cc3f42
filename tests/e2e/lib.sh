# SPDX-License-Identifier: ISC
# What every end-to-end test shares: its directory, starting and ending programs, waiting, asserting.
#
# A test begins with . "${0%/*}/lib.sh" and runs in an empty directory $T, for the build named by BUILD (default
# build). It passes by exiting 0; `skip` is for what a machine cannot do. At the end every program it started is
# ended, every sniroute by SIGTERM, which it must answer with exit 0.

set -eu
export LC_ALL=C

TESTS=$(cd "${0%/*}" && pwd)
export TESTS		# for python that imports peer
ROOT=${TESTS%/tests/e2e}
BUILD=${BUILD:-build}
SNIROUTE=$ROOT/$BUILD/bin/sniroute
ROUTESYNC=$ROOT/$BUILD/bin/routesync
HTTPREDIR=$ROOT/$BUILD/bin/httpredir
TUNNELD=$ROOT/$BUILD/bin/tunneld
TUNNELC=$ROOT/$BUILD/bin/tunnelc
DATA=$ROOT/tests/data
T=$(mktemp -d "${TMPDIR:-/tmp}/tcproute.XXXXXX")
chmod 755 "$T"
cd "$T"
STARTED=		# "NAME PID EXIT" a word group each; EXIT is the exit code wanted, - for any
mkdir -m 1777 san	# sanitizer reports land here, those of workers and children too
SAN_OPTIONS=log_path=$T/san/report:exitcode=99
export ASAN_OPTIONS=$SAN_OPTIONS:detect_leaks=1 UBSAN_OPTIONS=$SAN_OPTIONS:print_stacktrace=1

# supervised: for what a supervisor will stop. It sends CONT behind TERM, and that may catch LeakSanitizer, which stops
# the process to look at it, and leave it spinning for ever.
supervised() {
	export ASAN_OPTIONS=$SAN_OPTIONS:detect_leaks=0
}
[ -x "$SNIROUTE" ] || { echo "no $SNIROUTE: make it first"; exit 1; }

sanitized() { case $BUILD in *san*) ;; *) return 1 ;; esac }

# ---- verdicts ----

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

skip() {
	echo "skip: $*"
	exit 77
}

# same WANT GOT [WHAT]
same() {
	[ "$1" = "$2" ] || fail "${3:-wrong answer}
  want: $1
  got:  $2"
}

# has TEXT PATTERN: an extended regular expression occurs in TEXT
has() {
	printf '%s\n' "$1" | grep -qE -e "$2" || fail "no /$2/ in:
$1"
}

lacks() {
	! printf '%s\n' "$1" | grep -qE -e "$2" || fail "unexpected /$2/ in:
$1"
}

# logged PATTERN [NAME]: a matching line comes up in NAME.log within 5 s
logged() {
	wait_for 5 grep -qE -e "$1" "${2:-sniroute}.log" || fail "${2:-sniroute}.log has no line with /$1/"
}

not_logged() {
	! grep -E -e "$1" "${2:-sniroute}.log" || fail "${2:-sniroute}.log has a line with /$1/"
}

# logged_times N PATTERN [NAME]: just N matching lines come up in NAME.log within 5 s
logged_times() {
	wait_for 5 this_often "$@" || fail "${3:-sniroute}.log has $(count "$2" "${3:-sniroute}") lines with /$2/, not $1"
}
this_often() { [ "$(count "$2" "${3:-sniroute}")" = "$1" ]; }
# has_lines N PATTERN NAME: whether at least so many match now
has_lines() { [ "$(count "$2" "$3")" -ge "$1" ]; }

# count PATTERN [NAME]: how many lines of NAME.log match
count() {
	grep -cE -e "$1" "${2:-sniroute}.log" || :
}

# exits CODE CMD...: run it, compare its exit code; standard output and error are left in the files out and err
exits() {
	local want="$1" got; shift
	"$@" >out 2>err && got=0 || got=$?
	cat err >>exits.log
	[ "$got" = "$want" ] || fail "exit code $got, not $want: $*
$(cat out err)"
}

# wait_for SECONDS CMD...: until CMD succeeds; false when it never does
wait_for() {
	local tries=$(($1 * 25)); shift
	until "$@" >/dev/null 2>&1; do
		[ "$((tries -= 1))" -gt 0 ] || return 1
		sleep 0.04
	done
}

# ---- programs ----

# spawn NAME CMD...: in the background, output in NAME.log. start: the same, and wait for the line on its
# descriptor 9, which becomes $READY.
spawn() {
	local name="$1"; shift
	"$@" </dev/null >>"$name.log" 2>&1 &
	started "$name" $! "$*"
}

start() {
	local name="$1"; shift
	rm -f "$name.ready"
	mkfifo "$name.ready"
	"$@" </dev/null >>"$name.log" 2>&1 9>"$name.ready" &
	started "$name" $! "$*"
	read -r READY <"$name.ready" || fail "$name was not ready"
	echo "${READY%% *}" >"$name.addr"
}

# addr_of NAME: what it was ready on (the first of several)
addr_of() { cat "$1.addr"; }

spawn_peer() { local name="$1"; shift; spawn "$name" python3 -SEc "$PEER_MAIN" "$TESTS" "$@"; }
start_peer() { local name="$1"; shift; start "$name" python3 -SEc "$PEER_MAIN" "$TESTS" "$@"; }
# What is imported is compiled once for all tests, not each time as a program is. Nothing is left to
# clean up at the end.
PEER_MAIN='import gc, os, sys; gc.disable(); sys.path[0] = sys.argv.pop(1); import peer
gc.enable(); peer.main(); sys.stdout.flush(); os._exit(0)'
TUNNEL_MAIN='import gc, os, sys; gc.disable(); sys.path[0] = sys.argv.pop(1); import tunnel
gc.enable(); tunnel.main(); sys.stdout.flush(); os._exit(0)'

started() {
	case $3 in
	*"$SNIROUTE"* | *"$HTTPREDIR"* | *"$TUNNELD"* | *"$TUNNELC"*) STARTED="$1 $2 0 $STARTED" ;;
	*) STARTED="$1 $2 - $STARTED" ;;
	esac
}

# on_held_pipes CMD...: it becomes `one`, with a connection of two pipes, 6 to it and 7 from it. 8 holds the same open
# file as its standard output, as a wrapper would.
on_held_pipes() {
	mkfifo in out
	exec 5<>in 6>in 7<>out 8>out
	spawn one sh -c 'exec "$@" <in >&8 5<&- 6>&- 7<&- 8>&-' - "$@"
	exec 5<&-
}
# upload_outlives_reader: once its output is closed nobody reads that any more, and 5000 bytes follow on 6, and its end
upload_outlives_reader() {
	wait_for 5 output_is_closed || fail "the end of the answer was not passed on"
	exec 7<&-
	for i in 1 2 3 4 5; do
		sleep 0.1
		head -c 1000 /dev/zero >&6 || fail "the upload was cut off"
	done
	exec 6>&-
	ends one 0
}
output_is_closed() { ! readlink "/proc/$(pid_of one)/fd/1"; }

# one_held KIND CMD...: as `peer one` with the words $WORDS, but a wrapper holds our end until the other has heard its end
one_held() {
	local kind="$1"; shift
	rm -f told
	# shellcheck disable=SC2016,SC2086 # the wrapper's; words are wanted
	peer one "$kind" timeout:5 $WORDS touch:told -- sh -c \
	    '"$@" && code=0 || code=$?; timeout 20 sh -c "until [ -e told ]; do sleep 0.05; done"; exit $code' sh "$@"
}

# serve ARG...: sniroute; its first address is $ADDR, with port $PORT
serve() {
	start sniroute "$SNIROUTE" -n 9 "$@"
	ADDR=${READY%% *}
	PORT=${ADDR##*:}
}

# front ARG...: httpredir, as serve. web NAME [ADDR [proxy]]: an HTTP server (web.py); $READY is its address
front() {
	start httpredir "$HTTPREDIR" -n 9 "$@"
	ADDR=${READY%% *}
	PORT=${ADDR##*:}
}
web() { local name="$1"; shift; start "$name" python3 -SE "$TESTS/web.py" "${@:-127.0.0.1:0}"; }

# get PATH [CURL ARG...]: http://a.test/PATH from $ADDR, answer heads and all
get() {
	local path="$1"; shift
	curl -sSi --max-time 20 --connect-to "::$ADDR" "$@" "http://${HOST:-a.test}$path"
}
# raw WORD...: what a client that does these words is told, then everything up to its end
raw() { client "$ADDR" timeout:5 "$@" read; }
# statuses WORD...: of the answers raw gets, and how the connection ended: "308 404 eof"
statuses() {
	raw "$@" >raw.out
	{ grep -oE 'HTTP/1\.1.x20[0-9]{3}|end=[a-z]+$' raw.out | sed 's/.*x20//;s/end=//' || :; } | paste -sd ' '
}
# What a request that has a body goes on with: five and hello, or chunked and chunks.
five='Content-Length: 5\r\n\r\n'
chunked='Transfer-Encoding: chunked\r\n\r\n'
chunks='5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n'

# websocket_server NAME: echoes what it is told; $READY is its address. websocket_client HOST: talks to it through $ADDR
websocket_server() {
	export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}"
	command -v node >/dev/null && node -e 'require("ws")' 2>/dev/null || skip "no node, or no ws for it"
	spawn "$1" node "$TESTS/websocket.js" server
	wait_for 10 test -s port || fail "no WebSocket server"
	READY=127.0.0.1:$(cat port)
}
websocket_client() { timeout 20 node "$TESTS/websocket.js" client "$ADDR" "$1"; }

# backend NAME WORD...: a server on loopback; $READY is its address
backend() {
	local name="$1"; shift
	start_peer "$name" server 127.0.0.1:0 "$@"
}

# named NAME [ADDR]: a backend that says its name to everybody
named() { start_peer "$1" server "${2:-127.0.0.1:0}" "send:$1" shut read; }

peer() { python3 -SEc "$PEER_MAIN" "$TESTS" "$@"; }
client() { peer client "$@"; }
# ask ADDR NAME: what a client asking for NAME is told: the backend's greeting or an alert
ask() { client "$1" "hello:$2" shut alert; }
# answers NAME WHO: whether the backend WHO serves NAME
answers() { [ "$(ask "$ADDR" "$1")" = "got=$2 end=eof" ]; }
# refuses NAME ALERT: asking for NAME gets that alert, whole
refuses() { has "$(ask "$ADDR" "$1")" "^alert=$2 version=0303 end=eof\$"; }

pid_of() {
	local wanted
	# shellcheck disable=SC2086 # words are wanted
	set -- "$1" $STARTED
	while [ $# -gt 1 ]; do
		[ "$2" != "$1" ] || { echo "$3"; return; }
		wanted=$1; shift 4; set -- "$wanted" "$@"
	done
	fail "no program named $1 was started"
}

alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
gone() { ! alive "$1"; }
signal() { kill "-$2" "$(pid_of "$1")"; }

# ends NAME CODE [SECONDS]: it exits by itself with CODE within SECONDS (5); stop NAME: by SIGTERM, with any code
ends() {
	local pid got; pid=$(pid_of "$1")
	wait_for "${3:-5}" gone "$pid" || fail "$1 did not end"
	forget "$1"
	wait "$pid" && got=0 || got=$?
	same "$2" "$got" "$1 exited with the wrong code"
}

stop() {
	local pid; pid=$(pid_of "$1")
	forget "$1"
	end_pid "$pid" || fail "$1 did not end"
	wait "$pid" || :
}

forget() {
	local kept='' forgotten="$1"
	# shellcheck disable=SC2086 # words are wanted
	set -- $STARTED
	while [ $# -gt 0 ]; do
		[ "$1" = "$forgotten" ] || kept="$kept$1 $2 $3 "
		shift 3
	done
	STARTED=$kept
}

# TERM, again after 3 s (a draining sniroute exits at once then), KILL as the last resort
end_pid() {
	kill "$1" 2>/dev/null || :
	wait_for 3 gone "$1" && return
	kill "$1" 2>/dev/null || :
	wait_for 4 gone "$1" && return
	kill -9 "$1"
	return 1
}

# slow_folders: $SLOW, to be preloaded, makes syncing a folder last as long as the file slow is there, and a file get another
# time when who wrote it closes it, as over SMB
slow_folders() {
	sanitized && skip "the sanitizer wants to be loaded first"
	gcc -shared -fPIC -O1 -D_GNU_SOURCE -o slow.so -x c - <<-'END'
		#include <fcntl.h>
		#include <sys/stat.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int fsync(int fd)
		{
			struct stat st;
			while (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && access("slow", F_OK) == 0)
				usleep(10000);
			return (int)syscall(SYS_fsync, fd);
		}
		int close(int fd)
		{
			struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
			struct stat st;
			int mode = fcntl(fd, F_GETFL);
			if (mode != -1 && (mode & O_ACCMODE) != O_RDONLY && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
				times[1].tv_sec = st.st_mtim.tv_sec - 1;
				futimens(fd, times);
			}
			return (int)syscall(SYS_close, fd);
		}
	END
	SLOW=$T/slow.so
}

# ---- a store ----

# redis [NAME [ARG...]]: a redis-server named NAME (redis) on the unix socket NAME.sock alone, which keeps nothing
redis() {
	local name="${1:-redis}"; [ $# = 0 ] || shift
	command -v redis-server >/dev/null || skip "no redis-server here"
	spawn "$name" redis-server --port 0 --unixsocket "$T/$name.sock" --save '' --appendonly no --dir "$T" "$@"
	wait_for 5 redis_answers "$name" || fail "$name does not answer"
}
redis_answers() { [ -n "$(redis-cli -s "$T/$1.sock" ping 2>/dev/null)" ]; }

# redis_over_tls: the store, which notifies, on rediss://localhost:$PORT too; its certificate is server.crt
redis_over_tls() {
	ldd "$ROUTESYNC" | grep -q hiredis_ssl || skip "built without hiredis_ssl"
	certificate server localhost
	PORT=$(free_port)
	redis redis --tls-port "$PORT" --tls-cert-file "$T/server" --tls-key-file "$T/server" --tls-auth-clients no \
	    --tls-ca-cert-file "$T/server.crt" --bind 127.0.0.1 --notify-keyspace-events KA
}

# r CMD...: to the store named redis;  put NAME VALUE: the key tcprouter would read
r() { redis-cli -s "$T/redis.sock" "$@" >/dev/null; }
put() { r set "/tcprouter/service/$1" "$2"; }
STORE=redis+unix://$T/redis.sock

# sync ARG...: routesync into the file routes, until it is ready;  spawn_sync ARG...: without waiting for that
sync() { start sync "$ROUTESYNC" -n 9 -o routes "$@"; }
spawn_sync() { spawn sync "$ROUTESYNC" -o routes "$@"; }

# routes LINE...: what the file must hold, soon (5 s) or now
lines() { printf '%s\n' '#!routes sorted' "$@"; }
routes_are() { lines "$@" | cmp -s - routes; }
routes() { wait_for 5 routes_are "$@" || same "$(lines "$@")" "$(cat routes)" "routes"; }

# many N [FIRST]: N routes named hFIRST.example and so on
many() {
	seq "${2:-1}" $((${2:-1} + $1 - 1)) | sed 's,.*,SET /tcprouter/service/h&.example tls=10.0.0.2:443,' | r --pipe
}
count_is() { [ "$(grep -c = routes)" = "$1" ]; }
routes_count() { wait_for 5 count_is "$1" || fail "$(grep -c = routes) routes, not $1"; }
# nothing_beside FILE: no temporary file lies about
nothing_beside() { [ -z "$(find . -maxdepth 1 -name ".$1.*")" ] || fail "left behind: $(ls -A)"; }

# ---- tunnels ----

# key FILE: make a key in it; prints its id
key() { "$TUNNELC" --new-key "$1"; }

# login NAME: a key with a certificate, as tunnel.py wants it; prints its id. by_hand WORD...: tunnel.py, a client or
# visitor that does just what it is told
login() { key "$1.key" && openssl req -x509 -new -key "$1.key" -days 2 -subj /CN=t -out "$1.key.crt" 2>/dev/null; }
by_hand() { timeout 30 python3 -SEc "$TUNNEL_MAIN" "$TESTS" "$@"; }

# hub ARG...: tunneld on a free port ($TUNNEL; or -l ADDR) for tun.test, visitors on the unix socket visitors, open to all
# keys without -a FILE. Its key is in server.key, the id of that in $SERVER.
hub() {
	[ -f server.key ] || SERVER=$(key server.key)
	case " $* " in *' -a '* | *' --open '*) ;; *) set -- --open "$@" ;; esac
	case " $* " in *' -l '*) ;; *) set -- -l 127.0.0.1:0 "$@" ;; esac
	start tunneld "$TUNNELD" -n 9 -i server.key --domain tun.test --visitors "unix:$T/visitors" "$@"
	TUNNEL=${READY%% *}
}

# hub_by_hand WORD...: hub.py, a server that does just what it is told, named hub; its key is in hub.key, the id of that in
# $SERVER
hub_by_hand() {
	[ -f hub.key ] || { SERVER=$(login hub) && cat hub.key.crt >>hub.key; }
	start hub python3 -SE "$TESTS/hub.py" hub.key "$@"
}

# tunnel NAME ARG...: tunnelc with the key NAME.key (a new one unless it is there) to that hub (or -s ADDR), up and
# ready: $ID.tun.test leads to it. spawn_tunnel: without waiting for that
tunnel() { tunnel_by start "$@"; }
spawn_tunnel() { tunnel_by spawn "$@"; }
tunnel_by() {
	local how="$1" name="$2"; shift 2
	[ -f "$name.key" ] || key "$name.key" >/dev/null
	ID=$("$TUNNELC" -i "$name.key" --id)
	case " $* " in *' -s '*) ;; *) set -- -s "$TUNNEL" "$@" ;; esac
	[ "$how" = spawn ] || set -- -n 9 "$@"
	"$how" "$name" "$TUNNELC" -k "$SERVER" -i "$name.key" "$@"
}

# visit NAME[,kind=KIND][,src=ADDR]... WORD...: what a visitor is told that comes by a PROXY v2 connection;
# hand_over: by its own socket, passed as sniroute does
visit() { local who="$1"; shift; client "unix:$T/visitors" "visitor:$who" "$@"; }
hand_over() { local who="$1"; shift; client "unix:$T/visitors" "pass:$who" "$@"; }

# killed NAME: by KILL, which lets it do nothing more
killed() {
	local pid; pid=$(pid_of "$1")
	kill -9 "$pid"
	forget "$1"
	wait "$pid" || :
}

# metric NAME [SOCKET]: its value on the page served at the unix socket (metrics);  metric_is N NAME [SOCKET]: soon it is N
metric() { curl -sS --max-time 5 --unix-socket "${2:-metrics}" http://x/metrics | sed -n "s/^$1 //p"; }
metric_now() { [ "$(metric "$2" "${3:-metrics}")" = "$1" ]; }
metric_is() { wait_for 10 metric_now "$@" || fail "$2 is $(metric "$2" "${3:-metrics}"), not $1"; }

# fds NAME: how many descriptors it has, that for readiness (closed right after the line) apart;  fds_back N NAME: soon it
# has no more than so many
fds() { find "/proc/$(pid_of "$1")/fd" -type l ! -lname '*.ready' | wc -l; }
fds_now() { [ "$(fds "$2")" -le "$1" ]; }
fds_back() { wait_for 5 fds_now "$1" "$2" || fail "$2 has $(fds "$2") descriptors, not $1: $(ls -l "/proc/$(pid_of "$2")/fd")"; }

# ---- the machine ----

# Run the test in network and mount namespaces of its own: call it first, before anything is started.
own_network() {
	if [ -z "${OWN_NETWORK:-}" ]; then
		if unshare -n -m true 2>/dev/null; then set -- -n -m
		elif unshare -r -n -m true 2>/dev/null; then set -- -r -n -m
		else skip "no right to make a network namespace"
		fi
		rm -rf "$T"
		export OWN_NETWORK=1
		trap - EXIT
		cd "$TESTS" && exec unshare "$@" sh "$TESTS/${0##*/}"
	fi
	ip link set lo up
}

# box_beside LEN: a network namespace, that of the process $box, at 192.0.2.2/LEN on its veth1; we are 192.0.2.1/LEN on
# veth0. within CMD...: run it in there
box_beside() {
	command -v nsenter >/dev/null || skip "no nsenter"
	spawn box unshare -n sleep 1000
	box=$(pid_of box)
	wait_for 5 is_apart || fail "no namespace"
	ip link add veth0 type veth peer name veth1 netns "$box" || skip "no veth"
	ip addr add "192.0.2.1/$1" dev veth0
	ip link set veth0 up
	within ip link set lo up
	within ip addr add "192.0.2.2/$1" dev veth1
	within ip link set veth1 up
}
is_apart() { [ "$(readlink "/proc/$box/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
within() { nsenter -t "$box" -n "$@"; }

# dns HOSTLINE...: a DNS server with these hosts lines on 127.0.0.1:53, TTL 1 s (or DNS_TTL), which our resolv.conf names; it asks
# DNS_ELSE (ADDR#PORT) for what they don't say
dns() {
	printf '%s\n' "$@" >hosts.dns
	spawn dns dnsmasq -d --conf-file=/dev/null --user=root --no-resolv --no-hosts --no-poll --local-ttl="${DNS_TTL:-1}" \
	    --listen-address=127.0.0.1 --bind-interfaces --addn-hosts="$T/hosts.dns" ${DNS_ELSE:+--server="$DNS_ELSE"}
	wait_for 5 sh -c 'ss -Hlun sport = :53 | grep -q .' || fail "no DNS server"
}

# moving_target: sniroute in a network of its own leads to back.test, which is a; at 127.0.0.2 there is b.  move_to ADDR: from
# now on it is there
moving_target() {
	own_network
	use_own_dns
	dns '127.0.0.1 back.test'
	named a
	named b "127.0.0.2:${READY##*:}"
	echo "* tls=back.test:${READY##*:}" >routes
	serve -l 127.0.0.1:0 -r routes
	answers www.example.org a || fail "first address"
}
move_to() { echo "$1 back.test" >hosts.dns && signal dns HUP; }

use_own_dns() {
	echo "nameserver 127.0.0.1" >resolv.conf
	: >hosts.empty
	mount --bind resolv.conf "$(readlink -f /etc/resolv.conf)" || skip "no right to mount a resolv.conf"
	mount --bind hosts.empty /etc/hosts
}

# back_by_name: backend a is what the routes lead to, by a name in a DNS of our own
back_by_name() {
	own_network
	use_own_dns
	dns '127.0.0.1 back.test'
	named a
	echo "* tls=back.test:${READY##*:}" >routes
}

# free_port: one of loopback that nobody uses now; cpu_ms PID: processor time used so far
free_port() { python3 -SEc 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"; }
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
now_ms() { date +%s%3N; }

# certificate FILE NAME...: a self-signed one with its key in FILE, good for the NAMEs
certificate() {
	local file="$1"; shift
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
	    -addext "subjectAltName=$(printf 'DNS:%s,' "$@" | sed 's/,$//')" -keyout "$file" -out "$file.crt" \
	    2>/dev/null
	cat "$file.crt" >>"$file"
}

# tls_server NAME CERTIFICATE [ARG...]: openssl s_server, serving the files of the folder NAME; sets $READY
tls_server() {
	local name="$1" cert="$T/$2"; shift 2
	mkdir -p "$name"
	echo "$name" >"$name/who"
	spawn "$name" sh -c 'cd "$1" && shift && exec "$@"' sh "$name" \
	    openssl s_server -accept 127.0.0.1:0 -cert "$cert" -key "$cert" -WWW "$@"
	wait_for 5 grep -q ^ACCEPT "$name.log" || fail "$name: openssl s_server did not start"
	READY=127.0.0.1:$(sed -n 's/^ACCEPT .*://p' "$name.log" | head -n 1)
	echo "$READY" >"$name.addr"
}

# fetch NAME [CURL ARG...]: https://NAME/who through sniroute
fetch() {
	local host="$1"; shift
	curl -sS --max-time 20 --connect-to "::$ADDR" "$@" "https://$host/who"
}

# ---- the end ----

finish() {
	result=$?
	trap - EXIT INT TERM HUP
	set +e
	# The other ends first, so that sniroute has nothing left to drain.
	# shellcheck disable=SC2086 # words are wanted
	set -- $STARTED
	while [ $# -gt 0 ]; do
		[ "$3" = 0 ] || { end_pid "$2"; wait "$2" 2>/dev/null; }
		shift 3
	done
	# shellcheck disable=SC2086
	set -- $STARTED
	while [ $# -gt 0 ]; do
		if [ "$3" = 0 ]; then
			end_pid "$2" || { echo "FAIL: $1 did not end"; result=1; }
			wait "$2" 2>/dev/null
			rc=$?
			[ "$rc" = 0 ] || { echo "FAIL: $1 exited $rc on SIGTERM"; result=1; }
		fi
		shift 3
	done
	# LeakSanitizer of gcc 14 tells of threads that begin or end while it looks, and reports leaks beside that
	if grep -qsv 'Running thread [0-9]* was not suspended' san/* || grep -lE 'ERROR: (Address|Leak)Sanitizer|runtime error:' ./*.log err 2>/dev/null
	then
		echo "FAIL: sanitizer report"
		cat san/*
		result=1
	fi
	case $result in
	0 | 77) ;;
	*)
		for log in *.log out err; do
			[ -s "$log" ] && { echo "---- $log"; tail -n 40 "$log" | cut -c 1-600; }
		done
		;;
	esac
	cd /
	rm -rf "$T"
	exit "$result"
}
trap finish EXIT
trap 'exit 143' INT TERM HUP
