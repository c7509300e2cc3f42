#!/bin/sh
# SPDX-License-Identifier: ISC
# Over unix sockets a read stops at a descriptor that is passed along: what comes behind it is read too, of requests, of
# answers and of what follows 101.
. "${0%/*}/lib.sh"

cat >passing.py <<-'END'
	import array, os, signal, socket, sys, threading
	pid = int(sys.argv[2])

	def pieces(s, *parts):
	    # all there before the other end looks; a descriptor comes with the first
	    os.kill(pid, signal.SIGSTOP)
	    s.sendmsg([parts[0]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
	    for part in parts[1:]:
	        s.sendall(part)
	    os.kill(pid, signal.SIGCONT)

	def told(s, what):
	    got = b""
	    while what not in got:
	        more = s.recv(65536)
	        if not more:
	            break
	        got += more
	    print(what.decode() if what in got else got)

	def serve(s):
	    while True:
	        c = s.accept()[0]
	        while b"\r\n\r\n" in c.recv(65536):
	            pieces(c, b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n", b"\r\n", b"response")

	listener = socket.socket(socket.AF_UNIX)
	listener.bind("target")
	listener.listen()
	threading.Thread(target=serve, args=(listener,), daemon=True).start()
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	s.settimeout(10)
	s.sendall(b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")
	told(s, b"\r\n\r\n")
	pieces(s, b"GET /passed HTTP/1.1\r\n", b"Host: b.test\r\n\r\n")
	told(s, b"/passed\r\n")
	s.sendall(b"GET / HTTP/1.1\r\nHost: u.test\r\n\r\n")
	told(s, b"response")
	s.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	told(s, b"\r\n\r\n")
	pieces(s, b"first", b"second")
	told(s, b"firstsecond")
END
backend echo 'until:\r\n\r\n' 'send:HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' echo
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' "u.test http=unix:$T/target" >routes
front -l "unix:$T/front" -r routes --hello-timeout 30
python3 -SE passing.py front "$(pid_of httpredir)" >got
same "/passed response firstsecond" "$(tr -d '\r' <got | paste -sd ' ' | tr -s ' ' | sed 's/^ //')"
