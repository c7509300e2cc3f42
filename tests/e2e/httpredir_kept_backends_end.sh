#!/bin/sh
# SPDX-License-Identifier: ISC
# An idle backend connection is closed after --idle-timeout.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --idle-timeout 0.6
has "$(get /body)" 'bytes=0'
not_logged end one
logged 'conn=1 end' one
