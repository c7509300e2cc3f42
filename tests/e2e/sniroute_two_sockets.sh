#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over two sockets: the client is at the other end of the one on descriptor 0, a reset reaches it on both, and
# with either of them it is gone.
. "${0%/*}/lib.sh"

named a
printf '%s\n' "a.example.org tls=$READY" "denied.example.org tls=$READY deny=127.0.0.0/8" >routes
backend breaks until:breaks.example.org rst
echo "breaks.example.org tls=$READY" >>routes
two() { peer one sockets "hello:$1" shut timeout:10 "${2:-read}" -- "$SNIROUTE" -r routes 2>log | paste -sd ' '; }
out=$(two a.example.org)
has "$out" ' got=a end=eof exit=0$'
from=${out%% *}
has "$(cat log)" "peer=${from#from=} "
has "$(two denied.example.org alert)" ' alert=49 version=0303 end=eof exit=100$'
has "$(cat log)" 'end=denied$'
has "$(two breaks.example.org)" ' got= end=reset exit=111$'
has "$(cat log)" 'end=target-reset$'

# gone.py WHICH BYTES CMD...: once so many bytes of an answer that goes on are on their way, one of the two is gone for good
# (back: a socket to read from, pipe: a pipe instead of it, there: the socket written to), and the other one stays; with 0
# bytes before any hello
cat >gone.py <<-'END2'
	import os, socket, struct, subprocess, sys, time
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	which, size = sys.argv[1], int(sys.argv[2])
	target = socket.create_server(("127.0.0.1", 0))
	with open("gone", "w") as f:
	    print("a.test tls=127.0.0.1:%d" % target.getsockname()[1], file=f)
	there, stdin = peer.tcp_pair()
	if which == "pipe":
	    back, stdout = (os.fdopen(fd, mode, 0) for fd, mode in zip(os.pipe(), ("rb", "wb")))
	else:
	    back, stdout = peer.tcp_pair()
	p = subprocess.Popen(sys.argv[3:], stdin=stdin, stdout=stdout)
	stdin.close(), stdout.close()
	def lose():
	    for end in {"there": [there], "back": [back], "pipe": []}[which]:
	        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    (there if which == "there" else back).close()
	if size == 0:
	    lose()
	    print("exit=%d" % p.wait())
	    sys.exit()
	there.sendall(peer.hello("a.test"))
	s = target.accept()[0]
	s.setblocking(False)
	while size > 0:
	    try:
	        size -= s.send(bytes(min(size, 65536)))
	    except BlockingIOError:
	        time.sleep(0.3)		# nobody reads
	        size = 0
	time.sleep(0.2)
	lose()
	def hears(sock):
	    sock.setblocking(True)
	    sock.settimeout(10)
	    try:
	        while sock.recv(65536):
	            pass
	        return "eof"
	    except ConnectionResetError:
	        return "reset"
	    except TimeoutError:
	        return "nothing"
	print("target=%s client=%s" % (hears(s), hears(back) if which == "there" else "gone"), "exit=%d" % p.wait())
END2
for which in back pipe there; do
	for size in 1000 100000000; do
		out=$(python3 -SE gone.py $which $size "$SNIROUTE" -r gone --idle-timeout 20 2>log)
		same "target=reset client=$([ $which = there ] && echo reset || echo gone) exit=111" "$out" "$which $size: $(cat log)"
		has "$(cat log)" 'end=client-reset$'
	done
	[ $which != pipe ] || continue	# sniroute_upload_of_a_client_that_leaves.sh
	same exit=111 "$(python3 -SE gone.py $which 0 "$SNIROUTE" -r gone --hello-timeout 20 2>log)" "$which: $(cat log)"
	has "$(cat log)" 'end=client-reset$'
done
