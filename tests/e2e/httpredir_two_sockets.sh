#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over two sockets: the client hears of the last byte, though a wrapper holds our end too.
. "${0%/*}/lib.sh"

cat >two.py <<-'END'
	import socket, subprocess, sys
	def pair():
	    l = socket.create_server(("127.0.0.1", 0))
	    c = socket.create_connection(l.getsockname())
	    return c, l.accept()[0]
	there, stdin = pair()
	back, stdout = pair()
	p = subprocess.Popen(sys.argv[2:], stdin=stdin, stdout=stdout)
	stdin.close()
	there.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\n" + sys.argv[1].encode())
	back.settimeout(10)
	got = b""
	while part := back.recv(4096):
	    got += part
	there.close()
	print("got=%s exit=%d" % (got.split(b"\r\n")[0].decode(), p.wait()))
END
# with the whole body, and with more of it to come
for body in hello he; do
	same 'got=HTTP/1.1 308 Permanent Redirect exit=0' "$(python3 -SE two.py $body "$HTTPREDIR" 2>log)" "$(cat log)"
	has "$(cat log)" 'end=closed$'
done
