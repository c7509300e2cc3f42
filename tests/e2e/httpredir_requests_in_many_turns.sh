#!/bin/sh
# SPDX-License-Identifier: ISC
# Over two pipes: requests that take more reads than one turn has, of which the last is read whole with the one before
# it, are all answered at once.
. "${0%/*}/lib.sh"

# Five requests; each of four bodies ends 1000 bytes before the end of a read of 64 KiB: the 4th, 7th, 10th, 13th.
python3 -SE - >requests <<-'END'
	import sys
	sent = b""
	for reads in 4, 7, 10, 13:
	    want = reads * 65536 - 1000 - len(sent)
	    head = b"POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: %d\r\n\r\n"
	    length = want - len(head % want)
	    sent += head % length
	    sent += bytes(length)
	sys.stdout.buffer.write(sent + b"GET /last HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n")
END
cat >serve.py <<-'END'
	# All of the requests in the pipe before anybody reads.
	import fcntl, os, subprocess, sys
	r, w = os.pipe()
	fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
	data = open("requests", "rb").read()
	assert os.write(w, data) == len(data)
	subprocess.run(sys.argv[1:], stdin=r, stdout=open("answers", "wb"), timeout=60)
END
begin=$(now_ms)
python3 -SE serve.py sh -c '"$@" | cat' sh "$HTTPREDIR" --idle-timeout 30 --hello-timeout 20 2>log
took=$(($(now_ms) - begin))
same "308 308 308 308 308" "$(grep -aoE '^HTTP/1.1 [0-9]+' answers | cut -d ' ' -f 2 | paste -sd ' ')" "$(cat log)"
[ $took -lt 15000 ] || fail "the last took $took ms"
