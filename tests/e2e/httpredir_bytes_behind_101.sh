#!/bin/sh
# SPDX-License-Identifier: ISC
# What a target sends right behind its 101 counts as sent, in tx= and in the metrics.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
u='GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
got=$(raw "send:${u}early" shut sum)
has "$got" '^bytes=[0-9]+ .*end=eof$'
bytes=${got%% *}; bytes=${bytes#bytes=}
logged "target=[0-9.:]+ hello=ok rx=[0-9]+ tx=$bytes .*end=closed$" httpredir
metric_is "$bytes" httpredir_sent_bytes_total
