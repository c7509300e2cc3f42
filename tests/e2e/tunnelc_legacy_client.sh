#!/bin/sh
# SPDX-License-Identifier: ISC
# --secret-file: what the ancestors' server gets to hear, byte for byte, and visitors of both generations.
. "${0%/*}/lib.sh"

ancestor() { start ancestor python3 -SE "$TESTS/ancestor.py" "$@"; CLIENTS=${READY% *} VISITORS=${READY#* }; }
printf 's3cret\n' >secret
chmod 600 secret
named web && WEB=$READY
backend other send:other shut read && OTHER=$READY
backend echo echo && ECHO=$READY

# ---- the second generation: yamux ----
ancestor second s3cret ping=0.3
start tunnelc "$TUNNELC" -n 9 -s "$CLIENTS" --secret-file secret "tls=$WEB" "http=$OTHER" "tcp=$ECHO"
same '' "$READY" "what is written when ready"
logged "server=$CLIENTS link=up" tunnelc
same "frame 000100010000000100000000 
frame 00000000000000010000000a 11110006733363726574
frame 000100040000000100000000 " "$(grep ^frame ancestor.log)" "the handshake"

# The kind is told by the first byte; silence is tcp after half a second.
same "got=web end=eof" "$(client "$VISITORS" 'hex:1603010000' shut read)"
same "got=other end=eof" "$(client "$VISITORS" 'send:GET / HTTP/1.1\r\n\r\n' shut read)"
same "got=\\x00\\x01 end=eof" "$(client "$VISITORS" 'hex:0001' shut read)"
same "got=hello end=eof" "$(client "$VISITORS" sleep:0.8 send:hello shut read)"
logged 'peer=- name=- route=tls target=.* rx=5 tx=3 .* end=closed' tunnelc
logged 'route=http .* end=closed' tunnelc
logged 'ping ack 1$' ancestor

# A mebibyte each way, through windows of 256 KiB; ten visitors beside each other.
data=$(client "$VISITORS" duplex:1m | tr ' ' '\n')
has "$data" 'end=eof'
same 1 "$(printf '%s\n' "$data" | sed -n 's/^sha=//p' | sort -u | wc -l)" "what came back"
same "10 x got=x end=eof" "$(peer crowd 10 "$VISITORS" send:x shut read)"

# A service that is not there costs its visitor, and nothing else.
stop other
same "got= end=reset" "$(client "$VISITORS" 'send:GET / HTTP/1.1\r\n\r\n' read)"
logged 'route=http .* end=unreachable' tunnelc
same "got=x end=eof" "$(client "$VISITORS" send:x shut read)"
same 1 "$(count 'registered' ancestor)" "sessions"
signal tunnelc TERM
ends tunnelc 0
logged_times 1 'link=up' tunnelc

# A visitor tells it that it was taken, before a second of silence does: told to stop by then, it lets that one finish.
backend late recv:5 touch:there wait:told send:late shut read && LATE=$READY
rm tunnelc.log
spawn tunnelc "$TUNNELC" -s "$CLIENTS" --secret-file secret "tls=$LATE"
logged 'client 2 registered' ancestor
client "$VISITORS" 'hex:1603010000' shut read >visitor.out &
visitor=$!
wait_for 5 test -e there
signal tunnelc TERM
logged 'stopping: 1 visitor ' tunnelc
touch told
wait $visitor
same "got=late end=eof" "$(cat visitor.out)"
ends tunnelc 0
logged 'rx=5 tx=4 .* end=closed' tunnelc
logged_times 1 'link=up' tunnelc
stop ancestor
rm ancestor.log

# ---- the first generation: the connection is the visitor's ----
ancestor first s3cret
rm -f tunnelc.log
spawn tunnelc "$TUNNELC" -s "$CLIENTS" --secret-file secret "tls=$WEB" "tcp=$ECHO"
logged 'received 1$' ancestor
logged 'client 2 registered' ancestor
has "$(cat ancestor.log)" '^raw 11110006733363726574$'
logged "link=up" tunnelc
for _ in 1 2 3 4 5; do
	same "got=web end=eof" "$(client "$VISITORS" 'hex:1603010000' shut read)"
	same "got=hello end=eof" "$(client "$VISITORS" send:hello shut read)"
done
has "$(client "$VISITORS" duplex:1m)" 'bytes=1048576 '
logged_times 5 'route=tls .* rx=5 tx=3 .* end=closed' tunnelc
logged_times 12 'client .* registered' ancestor
# Nobody is there for this kind: the connection ends, the next one is served.
same "got= end=eof" "$(client "$VISITORS" 'send:GET / HTTP/1.1\r\n\r\n' shut read)"
logged 'route=- .* end=no-route' tunnelc
same "got=web end=eof" "$(client "$VISITORS" 'hex:1603010000' shut read)"
signal tunnelc TERM
ends tunnelc 0
logged_times 1 'link=up' tunnelc

# What no word takes starts the program, for as long as something moves.
rm tunnelc.log
spawn tunnelc "$TUNNELC" -s "$CLIENTS" --secret-file secret --idle-timeout 0.5 "tls=$WEB" -- cat
logged 'link=up' tunnelc
same "got=hello end=eof" "$(client "$VISITORS" send:hello shut read)"
logged 'route=program target=cat .* rx=5 tx=5 .* end=closed' tunnelc
spawn_peer idle client "$VISITORS" send:hello recv:5 read
logged 'route=program target=cat .* rx=5 tx=5 ms=([5-9][0-9]{2}|[0-9]{4,}) end=idle' tunnelc
