#!/bin/sh
# SPDX-License-Identifier: ISC
# A server with the right key that breaks every rule: tunnelc ends each session with the reason, tries again, and works as ever then.
. "${0%/*}/lib.sh"

named web && WEB=$READY
SERVER=$(key hub.key)
openssl req -x509 -new -key hub.key -days 2 -subj /CN=t >hub.crt 2>/dev/null
cat hub.crt >>hub.key
key c.key >/dev/null
pings() { printf '\\x00\\x02\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01%.0s' $(seq "$1"); }

# breach REASON WORD...: one session each, behind its welcome; who is told to be back within 30 ms does not double its times
set --
: >reasons
breach() { # REASON WORD...
	echo "$1" >>reasons
}
WELCOME='welcome:{"within_ms":30}'
run() { start hub python3 -SE "$TESTS/hub.py" hub.key "$@"; }
run \
    hello "$WELCOME" 'raw:\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00' until:eof -- \
    hello "$WELCOME" 'raw:\x00\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00' until:eof -- \
    hello "$WELCOME" 'raw:\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' until:eof -- \
    hello "$WELCOME" 'raw:\x00\x01\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00' until:eof -- \
    hello "$WELCOME" 'raw:\x00\x01\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00' until:eof -- \
    hello "$WELCOME" visitor:2:a.test,kind=tcp visitor:2:a.test,kind=tcp until:eof -- \
    hello "$WELCOME" 'raw:\x00\x01\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff' until:eof -- \
    hello "$WELCOME" 'raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x04\x00\x01' until:eof -- \
    hello "$WELCOME" visitor:2:a.test,kind=tls 'raw:\x00\x00\x00\x00\x00\x00\x00\x02\x7f\xff\xff\xff' until:eof -- \
    hello "$WELCOME" "raw:$(pings 200)" until:eof -- \
    hello "$WELCOME" "wire:\\x17\\x03\\x03\\x00\\x20garbagegarbagegarbagegarbagegarb" until:eof -- \
    hello "$WELCOME" 'wire:HTTP/1.1 400 Bad Request\r\n\r\n' until:eof -- \
    hello "$WELCOME" line:nonsense until:eof -- \
    hello "$WELCOME" 'line:{"type":"welcome","version":1,"names":["a..b"],"heartbeat_ms":1,"dead_ms":2,"streams":1}' until:eof -- \
    hello "$WELCOME" 'line:{"type":"hello","version":1,"instance":"00000000000000000000000000000000"}' until:eof -- \
    hello "$WELCOME" rst:1 until:eof -- \
    hello "$WELCOME" fin:1 until:eof -- \
    hello "$WELCOME" end -- \
    hello "$WELCOME" cut -- \
    hello "$WELCOME" flood:20000 until:eof -- \
    hello welcome visitor:2:a.test,kind=tcp fin:2 until:2:web until:fin:2 touch:served sleep:60
HUB=$READY
spawn c "$TUNNELC" -s "$HUB" -k "$SERVER" -i c.key "tcp=$WEB" -v
logged 'link=up' c
base=$(fds c)
wait_for 30 test -e served || fail "not served in the end: $(tail -n 5 c.log)"

wanted() {
	cat <<-'END'
		protocol: not yamux version 0
		protocol: a frame of unknown type
		protocol: a stream with the id 0
		protocol: a frame of a stream never opened
		protocol: a stream opened with an id of ours
		protocol: a stream opened twice
		protocol: a window over 2^32-1
		protocol: data beyond the window
		protocol: data beyond the window
		protocol: ping flood
		protocol: TLS
		protocol: TLS
		a control message is malformed
		a control message is malformed
		the server says hello like a client
		the server reset the control stream
		the server ended the control stream
		closed: the peer ended it
		lost: 
		protocol: reset flood
	END
}
grep -o 'link=down reason="[^"]*' c.log
fds_back "$base" c
