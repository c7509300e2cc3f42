#!/bin/sh
# SPDX-License-Identifier: ISC
# Requests sent at once, some redirected and some passed on, are answered in their order, however slowly the client reads.
. "${0%/*}/lib.sh"

backend one 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none' 'until:last' 'send:HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast' read
printf '%s\n' "a.test http=$READY" "b.test tls=127.0.0.1:1" >routes
cat >client.py <<-'END'
	# The first answer fills the pipe before the request behind it, in the same read, is passed on.
	import os, sys
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	redirected = b"GET /" + b"x" * 7000 + b" HTTP/1.1\r\nHost: b.test\r\n\r\n"
	p, request_w, answer_r = peer.slow_answers(
	    sys.argv[1:], redirected + b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" + redirected +
	    b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast")
	answers = b""
	while more := os.read(answer_r, 1000):
	    answers += more
	print(*(w[:3].decode() for w in answers.split(b"HTTP/1.1 ")[1:]), answers.endswith(b"last"))
	p.wait()
END
same "308 200 308 200 True" "$(python3 -SE client.py "$HTTPREDIR" -v -r routes 2>log)" "$(cat log)"
same 2 "$(grep -c 'HEAD -> ANSWER' log)" "$(cat log)"
