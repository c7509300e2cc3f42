#!/bin/sh
# SPDX-License-Identifier: ISC
# A real WebSocket client and server talk through it.
. "${0%/*}/lib.sh"

websocket_server server
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
same "closed 4001" "$(websocket_client a.test)"
logged 'name=a\.test .*end=closed$' httpredir
