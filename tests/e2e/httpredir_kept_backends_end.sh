#!/bin/sh
# SPDX-License-Identifier: ISC
# An idle backend connection is closed after --idle-timeout; until then TCP probes it.
. "${0%/*}/lib.sh"

web one
TARGET_PORT=${READY##*:}
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --idle-timeout 0.6
has "$(get /body)" 'bytes=0'
not_logged end one
logged 'conn=1 end' one
stop httpredir

# timer 2 is that of keepalive
probed() { grep -qi "^ *[0-9]*: 0100007F:[0-9A-F]* 0100007F:$(printf %04X "$1") 01 [0-9A-F:]* 02:" /proc/net/tcp; }
front -l 127.0.0.1:0 -r routes
has "$(get /body)" 'bytes=0'
wait_for 5 probed "$TARGET_PORT" || fail "nothing would notice that the target of an idle connection is gone"
