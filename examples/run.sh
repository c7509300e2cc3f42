#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh BINDIR: sniroute and httpredir with examples/routes and sample backends on loopback, a service behind tunneld and
# tunnelc, routesync with a store of its own where redis-server is installed, and commands to try, until Ctrl-C.
#
# Everything it makes lies in one temporary folder, which is removed at the end.
set -eu
export LC_ALL=C

if [ $# != 1 ] || [ ! -x "$1/sniroute" ]; then
	echo "usage: run.sh BINDIR, where make has left sniroute, or make install has put it" >&2
	exit 100
fi
BIN=$(cd "$1" && pwd)
PASS_EXEC=$BIN/pass-exec
[ -x "$PASS_EXEC" ] || PASS_EXEC=$BIN/../examples/pass-exec	# not installed
HERE=$(cd "$(dirname "$0")" && pwd)
D=$(mktemp -d "${TMPDIR:-/tmp}/tcproute.XXXXXX")
PIDS=

clean_up() {
	trap - EXIT
	for pid in $PIDS; do kill "$pid" 2>/dev/null || :; done
	for pid in $PIDS; do wait "$pid" 2>/dev/null || :; done
	rm -rf "$D"
}
trap clean_up EXIT
trap 'exit 0' INT TERM HUP

# backend NAME: an HTTPS server that serves the folder $D/NAME with a certificate of its own; sets ADDR
backend() {
	mkdir "$D/$1"
	echo "This is backend $1." >"$D/$1/who"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=backend $1" \
	    -addext 'subjectAltName=DNS:example.org,DNS:*.example.org,DNS:*.tun.example.org,DNS:*.example.net' \
	    -keyout "$D/$1/key" -out "$D/$1/crt" 2>/dev/null
	cat "$D/$1/crt" >>"$D/ca"
	(cd "$D/$1" && exec openssl s_server -accept 127.0.0.1:0 -cert crt -key key -WWW >log 2>&1 </dev/null) &
	PIDS="$! $PIDS"
	until ADDR=127.0.0.1:$(sed -n '/^ACCEPT/{s/.*://p;q;}' "$D/$1/log" 2>/dev/null | grep .); do
		kill -0 $! 2>/dev/null || { cat "$D/$1/log" >&2; exit 111; }
		sleep 0.1
	done
}

# start_ready COMMAND...: in the background, until it has written a line to descriptor 9, which becomes READY
start_ready() {
	rm -f "$D/ready"
	mkfifo "$D/ready"
	"$@" 9>"$D/ready" </dev/null &
	PIDS="$! $PIDS"
	read -r READY <"$D/ready"
}

# store: a Redis with one route in it, and routesync, which keeps $D/routes.redis equal to it; sets MORE
store() {
	redis-server --port 0 --unixsocket "$D/redis.sock" --save '' --appendonly no --notify-keyspace-events KA \
	    >"$D/redis.log" 2>&1 </dev/null &
	PIDS="$! $PIDS"
	until redis-cli -s "$D/redis.sock" set /tcprouter/service/store.example.com "tls=$TWO" >/dev/null 2>&1; do
		kill -0 $! 2>/dev/null || { cat "$D/redis.log" >&2; exit 111; }
		sleep 0.1
	done
	start_ready "$BIN/routesync" -n 9 -o "$D/routes.redis" "redis+unix://$D/redis.sock"
	MORE="-r $D/routes.redis"
}

# sniroute LISTEN: with our copy of the routes, and those from the store
# shellcheck disable=SC2086 # MORE is two words or none
sniroute() {
	start_ready "$BIN/sniroute" -l "$1" -r "$D/routes" $MORE -m "unix:$D/metrics" -n 9 -g 1
}

# httpredir LISTEN: with the same routes; redirects lead to sniroute's port
# shellcheck disable=SC2086
httpredir() {
	mkdir -p "$D/acme"
	echo "This is a challenge's answer." >"$D/acme/token"
	start_ready "$BIN/httpredir" -l "$1" -r "$D/routes" $MORE -p "${ADDR##*:}" -w "$D/acme" -n 9 -g 1
}

# tunnel LISTEN: tunneld, and tunnelc as if it ran where nobody can connect to, beside backend two and a page over plain HTTP
tunnel() {
	"$BIN/tunnelc" --new-key "$D/tunneld.key" >"$D/tunneld.id"
	[ -e "$D/tunnelc.key" ] || "$BIN/tunnelc" --new-key "$D/tunnelc.key" >"$D/tunnelc.id"
	echo "$(cat "$D/tunnelc.id") names=home.tun.example.org  # what it may be called beside its id" >"$D/authorized"
	start_ready "$BIN/tunneld" -l "$1" -i "$D/tunneld.key" --domain tun.example.org --visitors "unix:$D/visitors" \
	    -a "$D/authorized" -n 9 -g 1 || return
	TUNNEL=${READY%% *}
}

backend one; ONE=$ADDR
backend two; TWO=$ADDR
sed "s,127.0.0.1:9441,$ONE,g; s,127.0.0.1:9442,$TWO,g; s,^127.0.0.1:9443 ,127.0.0.1:0 ,
    s,/run/tcproute/hello.sock,$D/hello.sock,g; s,/run/sniroute/metrics,$D/metrics,g; s,/run/tunneld/visitors,$D/visitors,g" "$HERE/routes" >"$D/routes"
MORE=
if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then store; fi
start_ready "$PASS_EXEC" -n 9 "$D/hello.sock" sh "$HERE/hello.sh"
tunnel 127.0.0.1:18000 || { rm -f "$D/tunneld.key"; tunnel 127.0.0.1:0; }
sniroute 127.0.0.1:8443 || sniroute 127.0.0.1:0
ADDR=${READY%% *} PLAIN=${READY##* }
httpredir 127.0.0.1:8080 || httpredir 127.0.0.1:0
HTTP=$READY
start_ready "$BIN/tunnelc" -s "$TUNNEL" -k "$(cat "$D/tunneld.id")" -i "$D/tunnelc.key" \
    "tls=$TWO" "http=unix:$D/metrics" -n 9 -g 1

cat <<END

sniroute listens on $ADDR and follows the routes file
  $D/routes
Change it, and it is read again. Two HTTPS servers stand behind it. Try, in another terminal:

  curl --cacert $D/ca --connect-to ::$ADDR https://www.example.org/who
  curl --cacert $D/ca --connect-to ::$ADDR https://blog.example.org/who      # by the wildcard
  curl --cacert $D/ca --connect-to ::$ADDR https://internal.example.net/who  # denied to you
  curl --cacert $D/ca --connect-to ::$ADDR https://www.example.com/who       # in no line
  curl --cacert $D/ca --connect-to ::$PLAIN https://www.example.net/who      # the port of its own
  curl http://$ADDR/  # not TLS
  $BIN/sniroute -r $D/routes --explain blog.example.org
  curl -s --unix-socket $D/metrics http://localhost/metrics | grep connections

httpredir listens on $HTTP and follows the same file:

  curl -i --connect-to ::$HTTP http://www.example.org/who                     # to https
  curl --connect-to ::$HTTP http://status.example.org/metrics                 # proxied
  curl --connect-to ::$HTTP http://www.example.org/.well-known/acme-challenge/token

tunneld listens on $TUNNEL for tunnelc, which has services and no open port. By its name, and by its id:

  curl --cacert $D/ca --connect-to ::$ADDR https://home.tun.example.org/who
  curl --connect-to ::$HTTP http://home.tun.example.org/metrics
  curl -k --connect-to ::$ADDR https://$(cat "$D/tunnelc.id").tun.example.org/who
  curl -i --connect-to ::$HTTP http://nobody.tun.example.org/                   # the page says why

END
if [ -n "$MORE" ]; then
	cat <<END
routesync keeps $D/routes.redis, which both read too, equal to a Redis:

  curl -k --connect-to ::$ADDR https://store.example.com/who
  redis-cli -s $D/redis.sock set /tcprouter/service/new.example.com tls=$ONE
  curl -k --connect-to ::$ADDR https://new.example.com/who                    # a second later

END
fi
cat <<END
Ctrl-C ends it all. From here on you read the log.

END
wait "${PIDS%% *}"
