#!/bin/sh
# SPDX-License-Identifier: ISC
# A server with the right key that breaks every rule: tunnelc ends each session with the reason, tries again, and
# works as ever then.
. "${0%/*}/lib.sh"

named web && WEB=$READY
key c.key >/dev/null
pings() { printf '\\x00\\x02\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01%.0s' $(seq "$1"); }

# A session each, and a good one behind them.
WELCOME='welcome:{"within_ms":30}'
hub_by_hand all \
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
    hello "$WELCOME" \
    'line:{"type":"welcome","version":1,"names":["a..b"],"heartbeat_ms":1,"dead_ms":2,"streams":1}' until:eof -- \
    hello "$WELCOME" 'line:{"type":"hello","version":1,"instance":"00000000000000000000000000000000"}' until:eof -- \
    hello "$WELCOME" rst:1 until:eof -- \
    hello "$WELCOME" fin:1 until:eof -- \
    hello "$WELCOME" end -- \
    hello "$WELCOME" cut -- \
    hello welcome opens:3000:2 sleep:1.5 visitor:6002:a.test,kind=tcp fin:6002 until:fin:6002 \
    touch:served sleep:60 -- \
    hello welcome visitor:2:a.test,kind=tcp fin:2 until:2:web until:fin:2 sleep:60
PORT=${READY##*:}

# One process that dials it for each of them, so that none has to wait for the back-off of another. A flood of streams
# without a word in them harms nobody, not even its session.
# shellcheck disable=SC2046 # words are wanted
spawn c "$TUNNELC" $(for i in $(seq 20); do echo "-s 127.0.0.$i:$PORT"; done) -k "$SERVER" -i c.key \
    "tcp=$WEB" --hello-timeout 1 -m "unix:$T/metrics"
wait_for 20 has_lines 19 'link=down reason="' c || fail "$(count 'link=down reason="' c) sessions ended badly"
wait_for 30 test -e served || fail "not served in the end: $(tail -n 5 c.log)"
logged_times 3000 'hello=timeout .* end=hello$' c
cat >wanted <<'END'
a control message is malformed: names holds something that is not a host name
a control message is malformed: not JSON
closed: the peer ended it
lost: the connection ended without a word
protocol: a frame of a stream never opened
protocol: a frame of unknown type
protocol: a stream opened twice
protocol: a stream opened with an id of ours
protocol: a stream with the id 0
protocol: a window over 2^32-1
protocol: bytes that are no TLS 1.3
protocol: data beyond the window
protocol: data beyond the window
protocol: decryption failed or bad record mac
protocol: not yamux version 0
protocol: ping flood
the server ended the control stream
the server reset the control stream
the server says hello like a client
END
sed -n 's/.*link=down reason="//p' c.log | sort >told
paste -d '|' wanted told | while IFS='|' read -r want got; do
	case $got in "$want"*) ;; *) fail "the reasons of the log
$(cat told)" ;; esac
done
metric_is 20 tunnelc_up
metric_is 0 tunnelc_visitors
fds_back 40 c		# 20 sessions, and what it has without any
sanitized || [ "$(rss_kb "$(pid_of c)")" -lt 16384 ] || fail "$(rss_kb "$(pid_of c)") KB"
