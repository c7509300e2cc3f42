#!/bin/sh
# SPDX-License-Identifier: ISC
# Who is closed without a byte sees an end, not a reset, whether its bytes were read or only looked at for a pass: target.
. "${0%/*}/lib.sh"

named a
echo "a.example.org tls=$READY" >plain
{ cat plain; echo "b.example.org tls=pass:$T/nobody"; } >with_pass
for routes in plain with_pass; do
	start sniroute "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r "$routes" --hello-timeout 0.3
	ADDR=$READY
	same 'got= end=eof' "$(raw 'send:GET / HTTP/1.0\r\n\r\n')" "not TLS, $routes"
	same 'got= end=eof' "$(raw hex:1603010200)" "too slow, $routes"
	stop sniroute
	start sniroute "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r "$routes" --accept-proxy
	ADDR=$READY
	same 'got= end=eof' "$(raw 'send:PROXY TCP9 1 2 3 4\r\n')" "a broken header, $routes"
	stop sniroute
	has "$(peer one tcp 'send:GET / HTTP/1.0\r\n\r\n' read -- "$SNIROUTE" -r "$routes" 2>one.log)" '^got= end=eof'
done
