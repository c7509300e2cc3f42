#!/bin/sh
# SPDX-License-Identifier: ISC
# The default balance counts live connections: the target whose connections have ended gets the next ones.
. "${0%/*}/lib.sh"

backend a send:a read
backend b send:b read
echo "* tls=$(addr_of a),$(addr_of b)" >routes
serve -l 127.0.0.1:0 -r routes

# hold NAME WANT: a connection that stays until the file go.NAME is there goes to WANT
hold() {
	spawn_peer "$1" client "$ADDR" hello:www.example.org recv:1 "wait:go.$1" shut read
	logged "^got=" "$1"
	same "got=$2" "$(head -n 1 "$1.log")" "connection $1"
}
hold 1 a
hold 2 b
hold 3 a
hold 4 b
touch go.2 go.4
logged_times 2 'end=closed'
hold 5 b
hold 6 b
hold 7 a
touch go.1 go.3 go.5 go.6 go.7
