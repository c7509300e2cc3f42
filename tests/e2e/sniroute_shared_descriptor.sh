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
	# shared.py SIGNAL|- NAME|- CMD...: start it, say hello to NAME, make the socket block whenever it does not, and see it end
	ours, theirs = socket.socketpair()
	p = subprocess.Popen(sys.argv[3:], stdin=theirs, stdout=theirs)
	if sys.argv[2] != "-":
	    ours.sendall(peer.hello(sys.argv[2]))
	def takes_term():
	    with open("/proc/%d/status" % p.pid) as f:
	        blocked = [line for line in f if line.startswith("SigBlk:")]
	    return int(blocked[0].split()[1], 16) >> signal.SIGTERM - 1 & 1
	name, begin = sys.argv[1], time.monotonic()
	late = False
	while p.poll() is None and time.monotonic() < begin + 8:
	    flags = fcntl.fcntl(theirs, fcntl.F_GETFL)
	    if flags & os.O_NONBLOCK:
	        fcntl.fcntl(theirs, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
	    if late and name != "-" and takes_term():
	        p.send_signal(getattr(signal, name))
	        name = "-"
	    if late:
	        time.sleep(0.001)
	    late = time.monotonic() > begin + 0.5
	if p.poll() is None:
	    p.kill()
	    print("it hangs")
	else:
	    print("exit=%d" % p.returncode)
END
shared() { python3 -SE shared.py "$@" "$SNIROUTE" -r routes --hello-timeout 1 --idle-timeout 1 --grace 0 2>log; }
same 'exit=111' "$(shared - -)" "a silent client"
has "$(cat log)" 'hello=timeout .* end=hello$'
same 'exit=0' "$(shared SIGTERM -)" "TERM"
same 'exit=111' "$(shared - a.example.org)" "a relay without a byte"
has "$(cat log)" 'end=idle$'
