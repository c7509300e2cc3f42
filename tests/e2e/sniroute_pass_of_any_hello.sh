#!/bin/sh
# SPDX-License-Identifier: ISC
# A socket is handed over with all of its bytes unread however its hello came; a PROXY header in front is ours to read.
. "${0%/*}/lib.sh"

start_peer tunneld receiver "unix:$T/visitors" send:ok save:seen
cat >routes <<-END
	*                tls=pass:$T/visitors tcp=pass:$T/visitors
	www.example.net  tls=127.0.0.1:9 alpn:acme-tls/1=pass:$T/visitors
END
serve -l 127.0.0.1:0 -r routes --hello-timeout 60
start behind "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --accept-proxy --hello-timeout 60
try() {
	rm -f seen
	addr=$1; shift
	same "got=ok end=eof" "$(client "$addr" "$@" shut read)" "$*"
	wait_for 5 cmp want seen || cmp want seen
}
peer hello www.example.org,split=20,pad=3000 >want
try "$ADDR" pieces:1:0.0005 file:want
peer hello www.example.org,pad=15000 >want
try "$ADDR" pieces:1000:0.01 file:want
printf 'SSH-2.0-x\r\n' >want
try "$ADDR" pieces:1:0.005 file:want
logged '^3 proxy=v2 cmd=PROXY family=11 src=[^ ]+ dst=[^ ]+ kind=tcp ' tunneld
peer hello www.example.net,alpn=h2,alpn=acme-tls/1 >want
try "$ADDR" file:want
logged '^4 .*alpn=acme-tls/1' tunneld
peer hello www.example.org >want
try "$(addr_of behind)" 'send:PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n' file:want
logged '^5 proxy=v2 cmd=PROXY family=11 src=192\.0\.2\.7:4711 dst=198\.51\.100\.1:443 ' tunneld
try "$(addr_of behind)" pieces:1:0.002 proxy2:192.0.2.8:4712,198.51.100.1:443 file:want
same 6 "$(cat sniroute.log behind.log | grep -c 'target=pass:.*end=passed')"
