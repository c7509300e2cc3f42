#!/bin/sh
# SPDX-License-Identifier: ISC
# With --accept-proxy a PROXY header of either version tells who the peer is: logged, matched by allow=, and passed on.
. "${0%/*}/lib.sh"

backend back proxy save:seen
cat >routes <<-END
	*.example.org      tls=$READY proxy=v2
	only.example.org   tls=$READY proxy=v2 allow=192.0.2.0/24,127.0.0.1
END
serve -l 127.0.0.1:0 -r routes --accept-proxy
rx=$(peer hello www.example.org | wc -c)	# the PROXY header does not count
v1='send:PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n'

same "got= end=eof" "$(client "$ADDR" "$v1" hello:www.example.org shut read)"
logged "conn=1 peer=192\.0\.2\.7:4711 name=www\.example\.org .* hello=ok rx=$rx tx=0 .*end=closed$"
logged '^1 proxy=v2 cmd=PROXY family=11 src=192\.0\.2\.7:4711 dst=198\.51\.100\.1:443 ' back
peer hello www.example.org | cmp - seen
client "$ADDR" 'proxy2:[2001:db8::7]:4712,[2001:db8::1]:443' hello:www.example.org shut read
logged 'conn=2 peer=\[2001:db8::7\]:4712 '
logged '^2 proxy=v2 cmd=PROXY family=21 src=\[2001:db8::7\]:4712 dst=\[2001:db8::1\]:443 ' back
client "$ADDR" pieces:1:0.003 proxy2:192.0.2.8:4713,198.51.100.1:443 hello:www.example.org shut read
logged "conn=3 peer=192\.0\.2\.8:4713 .* rx=$rx .*end=closed$"

for unknown in proxy2:local 'send:PROXY UNKNOWN\r\n' 'send:PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n' \
    hex:0d0a0d0a000d0a515549540a21000000 hex:0d0a0d0a000d0a515549540a20110000; do
	client "$ADDR" "$unknown" hello:only.example.org shut read
done
same 5 "$(count 'conn=[4-8] peer=127\.0\.0\.1:[0-9]+ name=only.*end=closed$')" "headers that name nobody"
has "$(client "$ADDR" 'send:PROXY TCP4 203.0.113.1 198.51.100.1 1 443\r\n' hello:only.example.org alert)" '^alert=49 '
logged 'peer=203\.0\.113\.1:1 name=only.*end=denied$'
