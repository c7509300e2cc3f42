#!/bin/sh
# SPDX-License-Identifier: ISC
# A target may be a name; its address is looked up at use, and a dead one is 502.
. "${0%/*}/lib.sh"

own_network
dns '127.0.0.1 web.example'
use_own_dns
web one
echo "a.test http=web.example:${READY##*:}" >routes
front -l 127.0.0.1:0 -r routes
has "$(get /body)" 'bytes=0'
