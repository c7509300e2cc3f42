#!/bin/sh
# SPDX-License-Identifier: ISC
# --accept-proxy holds for -t and for listening addresses of the routes file too, with the hello's deadline for the header.
. "${0%/*}/lib.sh"

backend back proxy read
port=$(free_port)
echo "127.0.0.1:$port tcp=$READY proxy=v2 allow=192.0.2.0/24" >routes
serve -r routes --accept-proxy --hello-timeout 1
start to_target "$SNIROUTE" -n 9 -l 127.0.0.1:0 -t "$(addr_of back)" --accept-proxy --hello-timeout 1
v1='send:PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n'

same "got= end=eof" "$(client "$ADDR" "$v1" send:payload shut read)"
logged '^1 proxy=v2 cmd=PROXY family=11 src=192\.0\.2\.7:4711 dst=198\.51\.100\.1:443 kind=tcp$' back
logged '^1 got=payload end=eof$' back
logged "peer=192\.0\.2\.7:4711 name=- route=127\.0\.0\.1:$port .* hello=- rx=7 tx=0 .*end=closed$"
has "$(client "$ADDR" proxy2:local send:payload shut read)" '^got= end=(eof|reset)$'
logged 'peer=127\.0\.0\.1:[0-9]+ .* end=denied$'
for bad in read 'send:hello shut read' 'send:PROXY shut read'; do
	# shellcheck disable=SC2086 # words are wanted
	has "$(client "$ADDR" $bad)" '^got= end=(eof|reset)$'
	# shellcheck disable=SC2086
	has "$(client "$(addr_of to_target)" $bad)" '^got= end=(eof|reset)$'
done
same "got= end=eof" "$(client "$(addr_of to_target)" pieces:1:0.005 "$v1" send:second shut read)"
logged '^2 got=[^ ]* end=eof$' back
logged 'peer=192\.0\.2\.7:4711 .* hello=- rx=6 ' to_target
