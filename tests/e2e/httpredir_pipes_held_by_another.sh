#!/bin/sh
# SPDX-License-Identifier: ISC
# On two pipes, upgraded: once the target has ended, the reader may go, though a wrapper holds our end too; the rest
# still reaches the target.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' shut sum
echo "* http=$READY" >routes
on_held_pipes "$HTTPREDIR" -r routes
printf 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' >&6
same 'HTTP/1.1 101' "$(head -c 12 <&7)"
upload_outlives_reader
logged '^1 bytes=5000 .*end=eof$' back
logged 'end=closed$' one
