#!/bin/sh
# SPDX-License-Identifier: ISC
# -t carries a real server-client protocol to a unix target: redis-cli pings through it.
. "${0%/*}/lib.sh"

spawn redis redis-server --port 0 --unixsocket "$T/redis.sock" --save '' --appendonly no
serve -l 127.0.0.1:0 -t "unix:$T/redis.sock"

wait_for 10 test -S redis.sock || fail "no redis"
same PONG "$(redis-cli -p "$PORT" ping)"
same OK "$(redis-cli -p "$PORT" set key "$(printf '%020000d' 1)")"
same 20001 "$(redis-cli -p "$PORT" get key | wc -c)"
logged "target=unix:$T/redis\.sock hello=- .*end=closed$"
