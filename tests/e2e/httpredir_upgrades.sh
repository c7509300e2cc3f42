#!/bin/sh
# SPDX-License-Identifier: ISC
# After 101 the connection is a plain relay both ways; an Upgrade nobody agreed to, and h2c, are not passed on.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --idle-timeout 2
u='GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n'
got=$(raw "send:${u}early" 'until:early' print:there send:more shut)
has "$got" '101.x20Switching.*Upgrade:.x20websocket.x0d.x0aConnection:.x20Upgrade.*welcome.x0aearly$'
has "$got" '^got=more end=eof$'
has "$(raw "send:$u" 'until:welcome\n' data:3m shut sum)" 'end='
has "$(get /ws -H 'Connection: Upgrade, HTTP2-Settings' -H 'Upgrade: h2c' -H 'HTTP2-Settings: x')" '^no upgrade'
has "$(get /ws)" '^no upgrade'
# a request with an empty body may ask as well, with several lines too; not one with a body, nor for h2c among others
e='POST /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n'
has "$(raw "send:${e}early" 'until:early' print:there send:more shut)" '101.x20Switching.*Upgrade:.x20tcp.*welcome.x0aearly$'
has "$(get /head -H 'Connection: Upgrade' -H 'Upgrade: x/1' -H 'X: y' -H 'Upgrade: y, z' | paste -sd ' ')" 'Connection: Upgrade Upgrade: x/1 Upgrade: y, z'
has "$(get /ws -H 'Connection: Upgrade' -H 'Upgrade: x' -H 'Upgrade: y, H2C')" '^no upgrade'
has "$(get /ws -H 'Connection: Upgrade' -H 'Upgrade: x' -d body)" '^no upgrade'
# nor is what a target would like to change to, but where it insists
says() { get "/raw/$(printf "HTTP/1.1 $1 X\r\nConnection: Upgrade\r\nUpgrade: y\r\nContent-Length: 0\r\n\r\n" | od -An -v -tx1 | tr -d ' \n')" -i; }
has "$(says 426 | tr -d '\r' | paste -sd ' ')" 'Upgrade: y.* Connection: Upgrade'
lacks "$(says 200)" Upgrade
begin=$(now_ms)
has "$(raw "send:$u")" 'welcome.x0a end=reset$'
[ $(($(now_ms) - begin)) -gt 1500 ] || fail "the idle limit came early"
logged 'end=idle$' httpredir
