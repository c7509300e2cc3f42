#!/bin/sh
# SPDX-License-Identifier: ISC
# Every form of SOURCE: port, database, user and password file, socket.
. "${0%/*}/lib.sh"

redis
PORT=$(free_port)
r config set port "$PORT"
r config set requirepass 'pass word'
auth() { redis-cli -s "$T/redis.sock" -a 'pass word' --no-auth-warning "$@" >/dev/null; }
auth acl setuser sync on '>of sync' '~*' '&*' +@read +ping +select +config +psubscribe
auth set /tcprouter/service/zero tls=10.0.0.1:443
auth -n 3 set /tcprouter/service/three tls=10.0.0.1:443
echo 'pass word' >default
printf 'of sync' >user
chmod 600 default user
zero=$(lines 'zero tls=10.0.0.1:443') three=$(lines 'three tls=10.0.0.1:443')

gives() { local want="$1"; shift; exits 0 "$ROUTESYNC" "$@"; same "$want" "$(cat out)" "$*"; }
gives "$zero" --password-file default "redis://127.0.0.1:$PORT"
gives "$zero" --password-file default "redis://localhost:$PORT/0"
gives "$three" --password-file default "redis://127.0.0.1:$PORT/3"
gives "$three" --password-file user "redis://sync@127.0.0.1:$PORT/3"
gives "$zero" --password-file user "redis+unix://sync@$T/redis.sock"
gives "$three" --password-file default "$STORE?db=3"
exits 111 "$ROUTESYNC" --password-file user "redis://127.0.0.1:$PORT"
exits 111 "$ROUTESYNC" "redis://127.0.0.1:$PORT"
has "$(cat err)" 'store=refuses .*NOAUTH'
exits 111 "$ROUTESYNC" --password-file default "redis://127.0.0.1:$PORT/99"
exits 111 "$ROUTESYNC" "redis://127.0.0.1:$(free_port)"
exits 111 "$ROUTESYNC" "redis+unix://$T/none"
exits 111 "$ROUTESYNC" "redis://no-such-host.invalid"
lacks "$(cat exits.log)" 'pass word|of sync'
