#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that has sent all it has, and leaves the pipe of an answer it does not wait for: what it sent arrives, and its end.
. "${0%/*}/lib.sh"

# upload.py KIND CMD...: the client's bytes come over a pipe or a socket, and end in order; nobody reads the answer's pipe,
# from then on or (early: a pipe) ever
cat >upload.py <<-'END'
	import os, socket, subprocess, sys, threading, time
	target = socket.create_server(("127.0.0.1", 0))
	def upload():
	    data = bytes(3000000)
	    while data:
	        data = data[os.write(there, data):]
	    os.close(there)
	    if not early:
	        os.close(back)
	early = sys.argv[1] == "early"
	if sys.argv[1] != "socket":
	    stdin, there = os.pipe()
	else:
	    stdin, there = (s.detach() for s in socket.socketpair())
	back, stdout = os.pipe()
	if early:
	    os.close(back)
	p = subprocess.Popen(sys.argv[2:] + ["127.0.0.1:%d" % target.getsockname()[1]], stdin=stdin, stdout=stdout)
	os.close(stdin), os.close(stdout)
	s = target.accept()[0]
	threading.Thread(target=upload).start()
	n, end = 0, "eof"
	try:
	    while more := s.recv(65536):
	        n += len(more)
	        time.sleep(0.003)
	except ConnectionResetError:
	    end = "reset"
	s.close()
	print("bytes=%d end=%s exit=%d" % (n, end, p.wait()))
END
for kind in socket pipe early; do
	same 'bytes=3000000 end=eof exit=0' "$(timeout 30 python3 -SE upload.py $kind "$SNIROUTE" -t 2>log)" "$kind: $(cat log)"
	has "$(cat log)" 'rx=3000000 tx=0 .*end=closed$'
done
