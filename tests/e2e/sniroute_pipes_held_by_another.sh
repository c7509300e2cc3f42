#!/bin/sh
# SPDX-License-Identifier: ISC
# On two pipes: once the answer is out, whoever read it may go, though a wrapper holds our end too; the upload goes on.
. "${0%/*}/lib.sh"

backend back send:answer shut sum
echo "* tls=$READY" >routes
mkfifo in out
exec 5<>in 6>in 7<>out 8>out
# 8 stays open here: the same open file as sniroute's standard output
spawn one sh -c 'exec "$0" -r routes <in >&8 5<&- 6>&- 7<&- 8>&-' "$SNIROUTE"
exec 5<&-

its_output_is_closed() { ! readlink "/proc/$(pid_of one)/fd/1"; }
peer hello www.example.org >&6
same answer "$(head -c 6 <&7)"
wait_for 5 its_output_is_closed || fail "the end of the answer was not passed on"
exec 7<&-
for i in 1 2 3 4 5; do
	sleep 0.1
	head -c 1000 /dev/zero >&6 || fail "the upload was cut off"
done
exec 6>&-
ends one 0
logged 'rx=5110 tx=6 .* end=closed$' one
logged '^1 bytes=5110 .*end=eof$' back
