#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over descriptors that somebody who shares them makes blocking again: after bulk, too, nothing waits for ever.
. "${0%/*}/lib.sh"

cat >sink.py <<-'END'
	import os, socket, sys, threading
	# sink.py BYTES: greets with so many of them, then reads all that comes
	s = socket.create_server(("127.0.0.1", 0))
	os.write(9, b"127.0.0.1:%d\n" % s.getsockname()[1])
	os.close(9)
	def serve(c):
	    try:
	        c.sendall(bytes(int(sys.argv[1])))
	        while c.recv(1 << 20):
	            pass
	    except OSError:
	        pass
	while True:
	    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
start taker python3 -SE sink.py 2
echo "takes.example.org tls=$READY" >routes
start giver python3 -SE sink.py 8000000
echo "gives.example.org tls=$READY" >>routes
cat >shared.py <<-'END'
	import fcntl, os, signal, socket, subprocess, sys, time
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	# shared.py KIND NAME BYTES SIGNAL|- CMD...: start it, say hello to NAME, make its descriptors block once two bytes came from
	# there, send BYTES and see it end
	kind, name, size, sig, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:]
	if kind == "socket":
	    listener = socket.create_server(("127.0.0.1", 0))
	    near = socket.create_connection(listener.getsockname())
	    far = listener.accept()[0]
	    fds, put, get = [far.fileno()] * 2, near.sendall, near.recv
	else:
	    (there, w), (r, back) = pipes = os.pipe(), os.pipe()
	    fds, get = [there, back], lambda n: os.read(r, n)
	    put = lambda data: [os.write(w, data[i:i + 65536]) for i in range(0, len(data), 65536)]
	p = subprocess.Popen(command, stdin=fds[0], stdout=fds[1])
	put(peer.hello(name))
	get(2)
	for fd in fds:
	    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
	put(bytes(size))
	if sig != "-":
	    p.send_signal(getattr(signal, sig))
	try:
	    print("exit=%d" % p.wait(20))
	except subprocess.TimeoutExpired:
	    print("it hangs in system call", open("/proc/%d/syscall" % p.pid).read().split()[0])
	    p.kill()
END
shared() { python3 -SE shared.py "$@" "$SNIROUTE" -r routes --idle-timeout 1 --grace 0 2>log; }
# Pipes of older kernels wait for room, then.
nowait() {
	python3 -SEc 'import os; r, w = os.pipe(); os.pwritev(w, [b"x"], -1, os.RWF_NOWAIT)' 2>err
}
for signal in - SIGTERM; do
	[ $signal = - ] && want=exit=111 || want=exit=0
	same $want "$(shared socket takes.example.org 40000000 $signal)" "a socket, bulk from it, $signal"
	same $want "$(shared pipes takes.example.org 65536 $signal)" "pipes, a read that is filled, $signal"
	same $want "$(shared socket gives.example.org 0 $signal)" "a socket nobody reads, $signal"
	! nowait || same $want "$(shared pipes gives.example.org 0 $signal)" "a pipe nobody reads, $signal"
done
