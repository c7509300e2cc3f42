#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over two sockets: the client hears of the last byte, though more of its own may come, and an answer cut off
# is a reset; where nobody reads any more, it ends.
. "${0%/*}/lib.sh"

two() { peer one sockets "$@" 2>log | paste -sd ' '; }
# with the whole body, and with more of it to come
for body in hello he; do
	has "$(two "send:POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n$five$body" timeout:10 read -- "$HTTPREDIR")" \
	    ' got=HTTP/1.1.x20308.* end=eof exit=0$'
	has "$(cat log)" 'end=closed$'
done

# an answer whose end is the connection's: half of it and the backend's reset
backend cut 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf' wait:half rst
echo "a.test http=$READY" >routes
has "$(two 'send:GET / HTTP/1.0\r\nHost: a.test\r\n\r\n' timeout:10 until:half touch:half read -- "$HTTPREDIR" -r routes)" \
    'half got= end=reset exit=111$'
has "$(cat log)" 'end=target-reset$'

# nobody reads any more, from a socket or a pipe, while more of an answer may come
cat >gone.py <<-'END'
	import os, socket, struct, subprocess, sys
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	backend = socket.create_server(("127.0.0.1", 0))
	with open("routes", "w") as f:
	    print("a.test http=127.0.0.1:%d" % backend.getsockname()[1], file=f)
	there, stdin = peer.tcp_pair()
	if sys.argv[1] == "pipe":
	    back, stdout = (os.fdopen(fd, mode, 0) for fd, mode in zip(os.pipe(), ("rb", "wb")))
	    read = back.read
	else:
	    back, stdout = peer.tcp_pair()
	    back.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    read = back.recv
	p = subprocess.Popen(sys.argv[3:], stdin=stdin, stdout=stdout)
	stdin.close(), stdout.close()
	if sys.argv[2] == "early":
	    there.sendall(b"GET / HTTP/1.1\r\n")
	    back.close()
	    print("exit=%d" % p.wait(10))
	    sys.exit()
	if sys.argv[2] == "behind":
	    there.sendall(b"POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: 9\r\n\r\nhalf")
	    while b"404" not in read(4096):
	        pass
	    back.close()
	    print("exit=%d" % p.wait(10))
	    sys.exit()
	there.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
	s = backend.accept()[0]
	s.recv(4096)
	s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	got = b""
	while b"half" not in got:
	    got += read(4096)
	back.close()
	s.settimeout(10)
	try:
	    end = "eof" if s.recv(4096) == b"" else "more"
	except (ConnectionResetError, TimeoutError) as e:
	    end = type(e).__name__
	print("end=%s exit=%d" % (end, p.wait()))
END
for which in socket pipe; do
	same 'end=ConnectionResetError exit=111' "$(python3 -SE gone.py $which late "$HTTPREDIR" -r routes --idle-timeout 20 2>log)" "$which $(cat log)"
	has "$(cat log)" 'end=client-reset$'
	same 'exit=111' "$(python3 -SE gone.py $which early "$HTTPREDIR" -r routes --hello-timeout 20 2>log)" "early $which $(cat log)"
	has "$(cat log)" 'hello=eof .*end=hello$'
	same 'exit=100' "$(python3 -SE gone.py $which behind "$HTTPREDIR" -r routes --idle-timeout 20 2>log)" "behind $which $(cat log)"
	has "$(cat log)" 'end=no-route$'
done
