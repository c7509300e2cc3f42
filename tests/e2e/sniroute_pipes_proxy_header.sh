#!/bin/sh
# SPDX-License-Identifier: ISC
# On two pipes the environment says who the client is and where it came to, and so does the PROXY header.
. "${0%/*}/lib.sh"

backend back proxy send:ok read
for version in v1 v2; do
	echo "* tls=$READY proxy=$version allow=192.0.2.0/24" >routes
	has "$(TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=4711 TCPLOCALIP=198.51.100.1 TCPLOCALPORT=443 \
	    peer one pipes hello:www.example.org shut read -- "$SNIROUTE" -r routes 2>>sniroute.log)" '^got=ok end=eof'
	has "$(TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=4711 TCPLOCALIP='' TCPLOCALPORT='' \
	    peer one pipes hello:www.example.org shut read -- "$SNIROUTE" -r routes 2>>sniroute.log)" '^got=ok end=eof'
done
logged 'line=PROXY.x20TCP4.x20192.0.2.7.x20198.51.100.1.x204711.x20443' back
logged 'proxy=v2 .* src=192.0.2.7:4711 dst=198.51.100.1:443' back
logged 'line=PROXY.x20TCP4.x20192.0.2.7.x200.0.0.0.x204711.x200' back
logged 'proxy=v2 .* src=192.0.2.7:4711 dst=0.0.0.0:0' back
