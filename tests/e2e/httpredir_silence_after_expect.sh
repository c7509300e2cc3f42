#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that says nothing to Expect: 100-continue has --response-timeout for it, as with any answer: 504, not 408.
. "${0%/*}/lib.sh"

web one
backend silent 'until:\r\n\r\n' wait:never
backend hints 'until:\r\n\r\n' 'send:HTTP/1.1 103 Early Hints\r\n\r\n' wait:never
backend goes_on 'until:\r\n\r\n' 'send:HTTP/1.1 100 Continue\r\n\r\n' wait:never
cat >routes <<-END
	a.test http=$(addr_of one)
	b.test http=$(addr_of silent)
	c.test http=$(addr_of hints)
	d.test http=$(addr_of goes_on)
END
front -l 127.0.0.1:0 -r routes --response-timeout 0.5 --idle-timeout 1.5
e='Expect: 100-continue\r\nContent-Length: 5\r\n\r\n'
# in_time MS MS WANT WORD...: these statuses, on a connection of so many milliseconds (its line in the log; a client takes
# a while to start)
n=0
in_time() {
	local least="$1" most="$2" want="$3" ms; shift 3
	n=$((n + 1))
	same "$want" "$(statuses "$@")" "$*"
	logged "conn=$n " httpredir
	ms=$(sed -n "s/.*conn=$n .* ms=\([0-9]*\) .*/\1/p" httpredir.log)
	[ "$ms" -ge "$least" ] && [ "$ms" -lt "$most" ] || fail "$want after $ms ms: $*"
}

in_time 400 1400 "504 eof" "send:POST / HTTP/1.1\r\nHost: b.test\r\n$e"
has "$(cat raw.out)" 'Connection:.x20close'
logged 'name=b.test .*hello=ok .*end=unreachable$' httpredir
# another interim answer is none to it
in_time 400 1400 "103 504 eof" "send:POST / HTTP/1.1\r\nHost: c.test\r\n$e"
not_logged 'hello=timeout|end=idle' httpredir

# after the 100, or once it sends, it is the client's turn
in_time 1400 4000 "100 408 eof" "send:POST / HTTP/1.1\r\nHost: d.test\r\n$e"
logged 'name=d.test .*hello=ok .*end=idle$' httpredir
in_time 1400 4000 "408 eof" "send:POST / HTTP/1.1\r\nHost: b.test\r\n$e" sleep:0.1 send:he
in_time 1400 4000 "408 eof" "send:POST / HTTP/1.1\r\nHost: b.test\r\n${e}he"
in_time 700 2000 "200 eof" "send:POST /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n$e" sleep:0.1 send:he sleep:0.7 send:llo
has "$(cat raw.out)" 'bytes=5'
# and the target's again with the whole request
in_time 400 1400 "504 eof" "send:POST / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n$e" sleep:0.1 send:hello
