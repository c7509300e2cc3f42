#!/bin/sh
# SPDX-License-Identifier: ISC
# Urgent data within a hello, or just behind it, that comes in one go with what follows hides nothing of that.
. "${0%/*}/lib.sh"

backend back until:behind send:ok read
echo "* tls=$READY" >routes
peer hello www.example.org >hello
head -c 50 hello >first
tail -c +51 hello >rest
serve -l 127.0.0.1:0 -r routes -m "unix:$T/metrics" --hello-timeout 20

# Nobody says anything more, or ends, which would make up for what was not read.
spawn_peer behind client "$ADDR" timeout:10 wait:stopped hello:www.example.org urgent:U send:behind touch:behind.said recv:2
spawn_peer within client "$ADDR" timeout:10 wait:stopped file:first urgent:U file:rest send:behind touch:within.said recv:2
metric_is 2 sniroute_connections
signal sniroute STOP
touch stopped
wait_for 5 test -e behind.said -a -e within.said
signal sniroute CONT
ends behind 0 15
ends within 0 15
same got=ok "$(cat behind.log)" "behind the hello"
same got=ok "$(cat within.log)" "within the hello"
