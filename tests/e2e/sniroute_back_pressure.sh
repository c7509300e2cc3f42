#!/bin/sh
# SPDX-License-Identifier: ISC
# A receiver that does not read stops the sender, sniroute's memory stays small, and nothing is lost.
. "${0%/*}/lib.sh"

backend back wait:go sum
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes
before=$(rss_kb "$(pid_of sniroute)")

spawn_peer sender client "$ADDR" hello:www.example.org push:2 touch:pushed shut read
wait_for 60 test -e pushed || fail "the sender was never stopped"
pushed=$(sed -n 's/^pushed=//p' sender.log)
kernel=$(awk '{ n += 2 * $3 } END { print n }' /proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_wmem)	# two sockets and two
[ "$pushed" -lt $((kernel + 2097152)) ] || fail "$pushed bytes taken for a receiver that does not read"
grew=$(($(rss_kb "$(pid_of sniroute)") - before))
sanitized || [ $grew -lt 2048 ] || fail "$grew KB more memory"
cpu=$(cpu_ms "$(pid_of sniroute)")
sleep 1
[ $(($(cpu_ms "$(pid_of sniroute)") - cpu)) -lt 100 ] || fail "a stopped transfer costs processor time"
touch go
logged "^1 bytes=$((pushed + $(peer hello www.example.org | wc -c))) sha=.* end=eof" back
