#!/bin/sh
# SPDX-License-Identifier: ISC
# In the one-connection launch the peer comes from the socket, else from TCPREMOTEIP and TCPREMOTEPORT.
. "${0%/*}/lib.sh"

backend back proxy read
cat >routes <<-END
	www.example.org   tls=$READY proxy=v2
	only.example.org  tls=$READY allow=192.0.2.0/24
END
export TCPREMOTEIP=192.0.2.9 TCPREMOTEPORT=4711

peer one pipes hello:www.example.org shut read -- "$SNIROUTE" -r routes 2>sniroute.log
logged 'peer=192\.0\.2\.9:4711 name=www'
peer one socketpair hello:only.example.org shut read -- "$SNIROUTE" -r routes 2>sniroute.log
logged 'peer=192\.0\.2\.9:4711 name=only.*end=closed$'
peer one tcp hello:only.example.org alert -- "$SNIROUTE" -r routes >out 2>sniroute.log
has "$(cat out)" '^alert=49 '
logged 'peer=127\.0\.0\.1:[0-9]+ name=only.*end=denied$'
peer one pipes 'send:PROXY TCP4 192.0.2.77 198.51.100.1 4712 443\r\n' hello:only.example.org shut read -- \
    "$SNIROUTE" -r routes --accept-proxy 2>sniroute.log
logged 'peer=192\.0\.2\.77:4712 name=only.*end=closed$'
