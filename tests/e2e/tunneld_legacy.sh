#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: clients of both generations, byte for byte, told apart by their first byte; secrets are known by their hash.
. "${0%/*}/lib.sh"

visit() { by_hand visitor unix:visitors "$@"; }
hash_of() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
printf '%s\n' "secret=sha256:$(hash_of s3cret) names=old.test" "secret=sha256:$(hash_of other) names=two.test sessions=2" >auth
hub -a auth \
    --legacy 127.0.0.1:0 --park 0 --max-logins 40
LEGACY=${READY##* }
up() { logged_times "$1" 'client=secret conn=[0-9]+ .* session=up ' tunneld; }
MAGIC='raw:\x11\x11\x00\x06s3cret'

# ---- the first generation: the connection is one visitor's ----
spawn_peer raw client "$LEGACY" hex:11110006733363726574 until:ping send:pong shut read
up 1
same "got=pong end=eof" "$(visit header:old.test,kind=tcp send:ping shut read)"
logged 'name=old.test route=old.test target=secret hello=- rx=4 tx=4 ms=[0-9]+ end=closed' tunneld
logged 'name=old.test route=- target=- hello=ok rx=4 tx=4 ms=[0-9]+ end=closed' tunneld
saw() { wait_for 5 grep -q "$2" "$1.log" || fail "$1: $(cat "$1.log")"; }
saw raw '^got=ping$'
saw raw '^got= end=eof$'
# In pieces, with the service's first bytes right behind; nobody else gets it meanwhile.
spawn_peer raw2 client "$LEGACY" pieces:1:0.01 hex:11110006733363726574 send:banner pieces:0:0 until:x wait:over shut read
up 2
visit header:old.test,kind=tcp send:x sleep:0.7 shut read >one.log &
ONE=$!
saw raw2 '^got=x$'
has "$(visit header:old.test 'send:GET / HTTP/1.0\r\n\r\n' read)" 'x20503.*offline'
touch over
wait $ONE
same "got=banner end=eof" "$(cat one.log)"
# The same in one segment.
spawn_peer raw3 client "$LEGACY" hex:1111000673336372657462616e until:x shut read
up 3
same "got=ban end=eof" "$(visit header:old.test,kind=tcp send:x shut read)"
# It goes away unused.
client "$LEGACY" hex:11110006733363726574 sleep:0.1 close
logged_times 4 'name=old.test .* hello=ok .* end=closed' tunneld

# ---- the second: yamux ----
out=$(by_hand plain "$LEGACY" frame:1:1:1:0 'raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x11\x11\x00\x06s3cret' \
    frame:1:4:1:0 timeout:1 end)
has "$out" '^(1:2:1:0 )?1:4:1:0 end=timeout$'		# an ACK perhaps, a FIN, and nothing more
up 5
LOGIN='frame:1:1:1:0 raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x11\x11\x00\x06s3cret frame:1:4:1:0'
# shellcheck disable=SC2086 # words are wanted
spawn yamux python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" $LOGIN plain:hi plain:ho end
up 6
same "got=hi end=eof" "$(visit header:old.test,kind=tls send:abc shut read)"
same "got=ho end=eof" "$(visit header:old.test send:abc shut read)"
saw yamux '^stream=2 flags=1:1 data=abc$'		# WINDOW with SYN, the visitor's bytes from the first one on
saw yamux '^stream=4 flags=1:1 data=abc$'

# A second session of one secret is one too many; two.test has two. Why, it would not understand: it gets no bytes of data.
has "$(by_hand plain "$LEGACY" $LOGIN timeout:3 end)" '^([123]:[0-9:]* )*end=(close_notify|eof|reset)$'
logged 'client=secret conn=[0-9]+ peer=.* session=refused reason="limit: ' tunneld
logged 'hello=ok .* end=limit' tunneld

# ---- who is none ----
for bad in hex:1111000461626364 hex:1112 hex:11110000 hex:16030102 'send:GET / HTTP/1.0\r\n\r\n' hex:01; do
	has "$(client "$LEGACY" "$bad" timeout:5 read)" '^got= end=(eof|reset)$'
done
logged 'client=secret conn=[0-9]+ peer=.* session=refused reason="unauthorised: no line .* its hash"$' tunneld
# The first generation comes back at once: it is kept for a while, but not for as long as tunnelc takes for a welcome.
same "quiet=yes got= end=eof" "$(client "$LEGACY" hex:1111000461626364 quiet:0.3 timeout:0.6 read | paste -sd ' ')"
logged 'hello=ok .* end=denied' tunneld
logged_times 5 'hello=malformed .* end=hello' tunneld
logged_times 5 "info: conn=[0-9]+ peer=.* hello=malformed reason=\"secret: neither of the ancestors' handshakes\"\$" tunneld
has "$(client "$LEGACY" hex:1111 shut timeout:5 read)" '^got= end='
logged 'hello=eof .* end=hello' tunneld
has "$(by_hand plain "$LEGACY" frame:1:1:1:0 'frame:0:0:1:4:x' end)" 'end=(close_notify|eof|reset)$'
lacks "$(cat tunneld.log)" 's3cret'
