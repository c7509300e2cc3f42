#!/bin/sh
# SPDX-License-Identifier: ISC
# On two pipes, upgraded: once the target has ended, the reader may go, though a wrapper holds our end too; the rest
# still reaches the target.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' shut sum
echo "* http=$READY" >routes
mkfifo in out
exec 5<>in 6>in 7<>out 8>out
# 8 stays open here: the same open file as httpredir's standard output
spawn one sh -c 'exec "$0" -r routes <in >&8 5<&- 6>&- 7<&- 8>&-' "$HTTPREDIR"
exec 5<&-

its_output_is_closed() { ! readlink "/proc/$(pid_of one)/fd/1"; }
printf 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' >&6
same 'HTTP/1.1 101' "$(head -c 12 <&7)"
wait_for 5 its_output_is_closed || fail "the end of the answer was not passed on"
exec 7<&-
for i in 1 2 3 4 5; do
	sleep 0.1
	head -c 1000 /dev/zero >&6 || fail "the upload was cut off"
done
exec 6>&-
ends one 0
logged '^1 bytes=5000 .*end=eof$' back
logged 'end=closed$' one
