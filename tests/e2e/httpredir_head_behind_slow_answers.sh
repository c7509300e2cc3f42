#!/bin/sh
# SPDX-License-Identifier: ISC
# A part of a head that came before the answers to earlier requests were taken has --hello-timeout once they are.
. "${0%/*}/lib.sh"

cat >client.py <<-'END'
	# More answers than their pipe has room for, and behind the requests a part of a head, all in one read.
	import os, sys
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	p, request_w, answer_r = peer.slow_answers(
	    sys.argv[1:], 7 * (b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: b.test\r\n\r\n") + b"GET / HTTP/1.1\r\nHo")
	answers = b""
	while b"HTTP/1.1 408" not in answers:
	    more = os.read(answer_r, 65536)
	    if not more:
	        break
	    answers += more
	print(answers.count(b"HTTP/1.1 308"), answers.count(b"HTTP/1.1 408"))
	os.close(request_w)
	p.wait()
END
begin=$(now_ms)
same "7 1" "$(python3 -SE client.py "$HTTPREDIR" -v --hello-timeout 1 --idle-timeout 30 2>log)" "$(cat log)"
took=$(($(now_ms) - begin))
grep -q 'HEAD -> ANSWER' log || fail "the answers were taken at once"
[ $took -lt 20000 ] || fail "408 after $took ms"
