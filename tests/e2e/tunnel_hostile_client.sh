#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that is welcome and breaks the rules, one by one: its session ends with the reason told, others do not
# notice.
. "${0%/*}/lib.sh"

named web && WEB=$READY
hub --park 0 -m "unix:$T/metrics"
tunnel c "tcp=$WEB"
NAME=$ID.tun.test
spawn_peer beside loop over "unix:$T/visitors" "visitor:$NAME,kind=tcp" shut read sleep:0.02
EVIL=$(key evil.key)
openssl req -x509 -new -key evil.key -days 2 -subj /CN=t -out evil.key.crt 2>/dev/null
base=$(fds tunneld)
rss=$(rss_kb "$(pid_of tunneld)")

# evil WORD...: what it saw behind its welcome
evil() { timeout 20 python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" evil.key hello get "$@" | tail -n +2; }
# its line of the log, the newest
newest() { grep -E "$1" tunneld.log | tail -n 1; }
downs=0
# down REASON: one more of its sessions is, for that
down() {
	downs=$((downs + 1))
	logged_times $downs "client=$EVIL conn=[0-9]+ peer=[^ ]+ session=down reason=\"protocol: .+\"\$" tunneld
	has "$(newest "client=$EVIL .* session=down ")" "session=down reason=\"protocol: $1"
}
sessions=0
# breaks REASON WORD...: these end its session, with a GOAWAY that says so and a close, and with the reason in the log
breaks() {
	local reason="$1"; shift
	has "$(evil "$@" end)" '3:0:0:1 .*end=(close_notify|eof|reset)|^end='
	sessions=$((sessions + 1))
	down "$reason"
	logged_times $sessions "name=$EVIL.tun.test route=- .* hello=malformed .* end=hello\$" tunneld
}
# refused REASON WORD...: the same, told by an error on stream 1
refused() {
	local reason="$1"; shift
	has "$(evil "$@" end)" 'error code=protocol'
	down "$reason"
}
pings() { printf '\\x00\\x02\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01%.0s' $(seq "$1"); }

# Frames.
breaks 'not yamux version 0' 'raw:\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00'
breaks 'a frame of unknown type' frame:4:0:1:0
breaks 'a stream with the id 0' frame:0:0:0:4:x
breaks 'a stream with the id 0' frame:1:0:0:4
breaks 'a frame of a stream never opened' frame:0:0:3:4:x
breaks 'a frame of a stream never opened' frame:1:0:2:4
breaks 'a stream opened with an id of ours' frame:0:1:2:0
breaks 'a stream opened twice' frame:0:1:1:0
breaks 'a stream opened too late' frame:1:1:2101:0 frame:1:1:3:0
breaks 'a window over 2\^32-1' frame:1:0:1:4294967295
# Data beyond the window: at once, and on a stream of a flood that nobody takes.
breaks 'data beyond the window' frame:0:0:1:262145:x
breaks 'data beyond the window' 'raw:\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff'
breaks 'data beyond the window' frame:0:1:3:262145:x
# Floods.
breaks 'ping flood' "raw:$(pings 200)"
breaks 'reset flood' opens:5000:3
# TLS itself.
breaks '' 'wire:\x17\x03\x03\x00\x20garbagegarbagegarbagegarbagegarb'
breaks '' 'wire:\x17\x03\x03\xff\xff'
breaks '' 'wire:GET / HTTP/1.1\r\n\r\n'

# Stream 1.
refused '' line:nonsense
refused '' 'line:{"type":5}'
refused '' 'line:{"type":"drain","type":"drain"}'
refused 'a message out of place' hello
refused 'a message out of place' \
    'line:{"type":"welcome","version":1,"names":[],"heartbeat_ms":1,"dead_ms":2,"streams":1}'
refused 'a message is too long' "part:$(printf '%066000d' 0)"
refused 'stream 1 was ended' frame:0:4:1:0
refused 'stream 1 was ended' 'line:{"type":"drain"}' frame:3:0:0:0 frame:1:4:1:0
# Without it nothing can be told any more.
has "$(evil frame:1:8:1:0 end)" '^3:0:0:0 end=close_notify$'
logged "client=$EVIL conn=[0-9]+ peer=[^ ]+ session=down reason=\"protocol: stream 1 was reset\"\$" tunneld

# What is no breach costs nothing: unknown messages and flags, streams of its own, a large frame, its end without a
# word.
has "$(evil 'line:{"type":"weather","is":"fine"}' frame:1:61440:1:1 frame:0:1:3:1:x timeout:0.7 end)" \
    '^1:8:3:0 end=timeout$'
has "$(evil 'part:{"type":"x","y":"' frame:0:0:1:60000:y 'line:"}' timeout:0.7 end)" '^(1:0:1:[0-9]+ )?end=timeout$'
evil rst
logged "client=$EVIL conn=[0-9]+ peer=.* session=down reason=\"lost: .*\"\$" tunneld

# Visitors of such a client end with its session, and are told what can be told.
spawn hold python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" evil.key hello get hold wait:broken frame:9:0:0:0 end
logged_times 1 '^welcome' hold
spawn_peer victim client "unix:$T/visitors" "visitor:$EVIL.tun.test,kind=http" \
    'send:GET / HTTP/1.1\r\n\r\n' touch:there read
wait_for 5 test -e there
touch broken
ends victim 0
has "$(cat victim.log)" 'x20503.*Tunnel-Error:\\x20offline'

# Nobody else was harmed, and nothing is left of all that.
touch over
ends beside 0
has "$(cat beside.log)" '^[1-9][0-9]* x got=web end=eof$'
same 1 "$(wc -l <beside.log)" "kinds of answers"
same 1 "$(count 'link=' c)" "changes of the other session"
fds_back "$base" tunneld
grew=$(($(rss_kb "$(pid_of tunneld)") - rss))
sanitized || [ $grew -lt 4096 ] || fail "$grew KB more memory"
