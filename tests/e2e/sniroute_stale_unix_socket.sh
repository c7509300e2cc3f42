#!/bin/sh
# SPDX-License-Identifier: ISC
# A unix socket file that nobody answers is replaced, one that is served or is another kind of file is not.
. "${0%/*}/lib.sh"

python3 -SEc 'import socket; socket.socket(socket.AF_UNIX).bind("in.sock")'
named a
serve -l "unix:$T/in.sock" -t "$READY"

same "got=a end=eof" "$(ask "$ADDR" x)"
exits 111 "$SNIROUTE" -l "unix:$T/in.sock" -t "$(addr_of a)"
has "$(cat err)" "$T/in.sock"
same "got=a end=eof" "$(ask "$ADDR" x)" "the live socket still works"
echo precious >file
exits 111 "$SNIROUTE" -l "unix:$T/file" -t "$(addr_of a)"
has "$(cat err)" "error: -l unix:$T/file: there is a file that is not a socket\$"
same precious "$(cat file)"
stop sniroute
serve -l "unix:$T/in.sock" -t "$(addr_of a)"
signal sniroute KILL
pid=$(pid_of sniroute)
forget sniroute
wait_for 5 gone "$pid"
serve -l "unix:$T/in.sock" -t "$(addr_of a)"
same "got=a end=eof" "$(ask "$ADDR" x)" "after a crash"
