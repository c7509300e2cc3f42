#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld with sockets it inherits, and telling systemd how it is; a second TERM ends it at once, visitors or not.
. "${0%/*}/lib.sh"

SERVER=$(key server.key)
backend echo echo && ECHO=$READY
tunneld="$TUNNELD -n 9 -i server.key --domain tun.test --visitors unix:$T/visitors --open"
# serves ADDR NAME: a client that comes to ADDR is reached
serves() {
	TUNNEL=$1
	tunnel "$2" "tcp=$ECHO"
	same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
}

# Descriptor 0, if it listens.
# shellcheck disable=SC2086 # words are wanted
start_peer tunneld fd0 127.0.0.1:0 -- $tunneld
has "$READY" "^127\.0\.0\.1:[0-9]+ unix:$T/visitors\$"
serves "${READY%% *}" zero
stop zero
signal tunneld TERM
ends tunneld 0

# LISTEN_FDS, all of them; NOTIFY_SOCKET hears of each change.
start_peer systemd notify notify
# shellcheck disable=SC2086
NOTIFY_SOCKET=$T/notify start_peer tunneld fds "unix:$T/door" '[::1]:0' -- $tunneld
has "$READY" "^unix:$T/door \[::1\]:[0-9]+ unix:$T/visitors\$"
logged '(^|x0a)READY=1' systemd
not_logged 'RELOADING' systemd
signal tunneld HUP
logged 'RELOADING=1' systemd
logged_times 2 'READY=1' systemd
SIX=${READY#* }
serves "${SIX%% *}" six
stop six
serves "unix:$T/door" door

# The first TERM lets a visitor finish, the second does not.
not_logged 'STOPPING' systemd
visit "$ID.tun.test,kind=tcp" send:x until:x touch:there timeout:20 read >visitor.log &
VISITOR=$!
wait_for 5 test -e there || fail "no visitor"
signal tunneld TERM
logged 'STOPPING=1' systemd
logged 'stopping: 2 connections have 30 s to finish' tunneld
kill -0 "$VISITOR" || fail "the visitor was not let finish"
before=$(now_ms)
signal tunneld TERM
ends tunneld 0
[ $(($(now_ms) - before)) -lt 1000 ] || fail "not at once"
wait "$VISITOR" || :
logged "name=$ID.tun.test route=$ID.tun.test target=$ID hello=- rx=1 tx=1 ms=[0-9]+ end=drain\$" tunneld
