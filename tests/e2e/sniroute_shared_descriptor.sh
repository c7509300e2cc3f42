#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over a socket that somebody who shares it puts into blocking mode again: the deadlines hold, and TERM does.
. "${0%/*}/lib.sh"

backend quiet send:hi wait:never && QUIET=$READY
printf '%s\n' "a.example.org tls=$QUIET" >routes
cat >shared.py <<-'END'
	import fcntl, os, signal, socket, subprocess, sys, time
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	# shared.py SIGNAL|- NAME|- CMD...: start it, say hello to NAME, then make the socket block and see it end
	ours, theirs = socket.socketpair()
	p = subprocess.Popen(sys.argv[3:], stdin=theirs, stdout=theirs)
	if sys.argv[2] != "-":
	    ours.sendall(peer.hello(sys.argv[2]))
	time.sleep(0.3)
	fcntl.fcntl(theirs, fcntl.F_SETFL, fcntl.fcntl(theirs, fcntl.F_GETFL) & ~os.O_NONBLOCK)
	if sys.argv[1] != "-":
	    p.send_signal(getattr(signal, sys.argv[1]))
	try:
	    print("exit=%d" % p.wait(8))
	except subprocess.TimeoutExpired:
	    p.kill()
	    print("it hangs")
END
export TESTS
shared() { python3 -SE shared.py "$@" "$SNIROUTE" -r routes --hello-timeout 1 --idle-timeout 1 --grace 0 2>log; }
same 'exit=111' "$(shared - -)" "a silent client"
has "$(cat log)" 'hello=timeout .* end=hello$'
same 'exit=0' "$(shared SIGTERM -)" "TERM"
same 'exit=111' "$(shared - a.example.org)" "a relay without a byte"
has "$(cat log)" 'end=idle$'
