#!/bin/sh
# SPDX-License-Identifier: ISC
# What a server may say, and what it may not: each ends, or is obeyed, as tunnel(7) says.
. "${0%/*}/lib.sh"

named web && WEB=$READY
key c.key >/dev/null
# talk WORD...: a server that does these words with a tunnelc of its own; logs are hub.log and c.log
talk() {
	rm -f hub.log c.log
	hub_by_hand "$@"
	spawn c "$TUNNELC" -s "$READY" -k "$SERVER" -i c.key "tls=$WEB" "tcp:a.test=$WEB" -v --hello-timeout 0.6
}
over() { stop c; stop hub; }

# The hello: who we are, what we serve; one instance as long as we run.
talk hello welcome sleep:0.2
logged 'line:hello,version=1,tls:,tcp:a.test$' hub
logged 'link=up names=x.test$' c
logged '^2 instance' hub
has "$(sed -n 's/^1 instance //p' hub.log)" '^[0-9a-f]{32}$'
same 1 "$(grep -o 'instance .*' hub.log | sort -u | wc -l)" "instances"
one=$(sed -n 's/^1 instance //p' hub.log)
over
talk hello
logged '^1 instance' hub
[ "$(sed -n 's/^1 instance //p' hub.log)" != "$one" ] || fail "the next process has the same instance"
over

# Refusals: the reason is logged, the wish is kept; a duel is avoided even without one.
refusal() { # MEMBERS PATTERN
	talk hello "line:{\"type\":\"error\",$1}" sleep:1
	logged "warn: server=.* link=down reason=\"refused: $2" c
	over
}
refusal '"code":"limit","text":"1 session"' 'limit: 1 session" retry_ms=6(0[0-9]{3}|1000)$'
refusal '"code":"replaced"' 'replaced" retry_ms=6(0[0-9]{3}|1000)$'
refusal '"code":"unauthorised","text":"a\\u0007\\n\\"b","after_ms":5000,"within_ms":20' 'unauthorised: a  \\"b" retry_ms=50[0-2][0-9]$'
talk hello 'line:{"type":"error","code":"mood","text":"x","after_ms":86400000}' sleep:1
logged 'refused: refused: x" retry_ms=360[0-9]{4}$' c
over

# An error later on, and the GOAWAY that goes with it in one piece: it is the error that counts.
talk hello welcome sleep:0.1 'raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x24{"type":"error","code":"revoked"  }\n\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' sleep:1
logged 'link=up' c
logged 'link=down reason="refused: revoked"' c
not_logged 'link=draining' c
over

# Nonsense ends the session.
nonsense() { # REASON WORD...
	local reason="$1"; shift
	talk hello "$@" sleep:3
	logged "link=down reason=\"$reason" c
	over
}
nonsense 'a control message is malformed: ' 'line:{"type":"welcome"}'
nonsense 'a control message is malformed: ' 'line:hello'
nonsense 'the server says hello' 'line:{"type":"hello","version":1,"instance":"00000000000000000000000000000000"}'
nonsense 'the server speaks version 2, not 1' 'welcome:{"version":2}'
nonsense 'the server ended the control stream' fin:1
nonsense 'the server reset the control stream' rst:1
nonsense 'the server is going away' goaway
nonsense 'protocol: ' welcome 'raw:\x01\x00\x00\x00'
nonsense 'protocol: ' welcome data:4:x
nonsense 'closed: the peer ended it' welcome end
nonsense '(lost|closed): ' raw:
talk hello 'raw:\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01\x00\x00' "raw:$(head -c 65536 /dev/zero | tr '\0' x)" sleep:3
logged 'reason="a control message is longer than 65536 bytes"' c
over

# What is not known is ignored; new names are logged.
talk hello welcome 'line:{"type":"weather","is":"fine"}' 'welcome:{"names":["y.test","*.z.test"],"more":[1]}' sleep:3
logged 'link=up names=x.test$' c
logged 'link=up names=y.test,\*.z.test$' c
not_logged 'link=down' c
over

# A stream before the welcome is refused, and so is one without a header, and with a broken one or one of version 1.
talk hello visitor:2:a.test,kind=tcp until:rst:2 welcome 'open:4:GET / HTTP/1.1\r\n' until:rst:4 \
    'open:6:\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x01x' until:rst:6 open:8 until:rst:8 'open:10:\r\n\r\n' fin:10 until:rst:10 \
    visitor:12:a.test,kind=http until:rst:12 visitor:14:a.test,kind=tcp until:fin:14 fin:14 \
    'open:16:PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.0\r\n' until:rst:16 sleep:3
logged '^1 14:web$' hub
logged '^1 rst:12$' hub
logged 'peer=- name=- route=- target=- hello=malformed rx=[0-9]+ tx=0 .* end=hello' c
logged_times 3 'hello=malformed' c
logged_times 1 'hello=timeout .* ms=([6-9]|1[0-9])[0-9][0-9] end=hello' c
logged_times 1 'hello=eof .* end=hello' c
logged 'peer=192.0.2.7:1234 name=a.test route=- target=- hello=- rx=0 tx=0 .* end=no-route' c
logged 'peer=192.0.2.7:1234 name=a.test route=tcp:a.test .* rx=0 tx=3 .* end=closed' c
not_logged 'link=down' c
over

# The header in pieces, with the first bytes behind it; without a kind the first bytes tell, as for tunneld: a word
# in capitals is not yet HTTP.
talk hello welcome 'open:2:\r\n\r\n\x00\r\n' 'data:2:QUIT\n\x21\x11\x00' \
    'data:2:\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x00\x01\x00\x02\x16' until:fin:2 'data:2:\x03' fin:2 visitor:4:x,bare \
    'data:4:\x16' until:fin:4 fin:4 visitor:6:a.test until:fin:6 fin:6 visitor:8:a.test 'data:8:SSH-2.0-x\r\n' \
    until:fin:8 fin:8 visitor:10:a.test data:10:G 'data:10:ET / HTTP/1.0\r\n' until:rst:10 \
    visitor:12:a.test data:12:GE until:fin:12 fin:12 sleep:3
logged '^1 2:web$' hub
logged '^1 4:web$' hub
logged '^1 6:web$' hub
logged '^1 8:web$' hub
logged '^1 12:web$' hub
logged 'peer=192.0.2.1:1 name=- route=tls .* rx=2 tx=3 .* end=closed' c
logged 'name=a.test route=tcp:a.test .* ms=([5-9]|1[0-9])[0-9][0-9] end=closed' c
logged 'name=a.test route=tcp:a.test .* rx=11 tx=3 .* end=closed' c
logged 'name=a.test route=- .* rx=16 tx=0 .* end=no-route' c
logged 'name=a.test route=tcp:a.test .* rx=2 tx=3 ms=([5-9]|1[0-9])[0-9][0-9] end=closed' c
over

# drain, with a wish: another session beside the old one, which ends with its last visitor.
talk hello welcome 'visitor:2:x.test,kind=tls' until:fin:2 'line:{"type":"drain","after_ms":300,"within_ms":1}' goaway \
    sleep:0.1 touch:drained until:goaway:0 -- hello welcome sleep:9
logged 'link=draining visitors=1 retry_ms=30[01]$' c
over
