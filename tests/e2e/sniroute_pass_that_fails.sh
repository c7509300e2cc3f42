#!/bin/sh
# SPDX-License-Identifier: ISC
# A receiver that listens and can't be handed a socket is passed over like one that isn't there.
. "${0%/*}/lib.sh"

backend back send:back read && BACK=$READY
cat >takes_none.py <<-'END'
	import socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.bind("takes_none")
	try:
	    s.setsockopt(socket.SOL_SOCKET, 83, 0)	# SO_PASSRIGHTS, Linux 6.16
	except OSError:
	    sys.exit(3)
	s.listen()
	time.sleep(100)
END
spawn takes_none python3 -SE takes_none.py
settled() { [ -S takes_none ] && { grep -q '^State:.*sleeping' "/proc/$(pid_of takes_none)/status" || gone "$(pid_of takes_none)"; }; }
wait_for 5 settled
gone "$(pid_of takes_none)" && { forget takes_none; skip "a receiver can't refuse descriptors on this kernel"; }
start_peer takes receiver "unix:$T/takes" send:taken save:seen

cat >routes <<-END
	back.test  tls=pass:$T/takes_none,$BACK balance=first
	pass.test  tls=pass:$T/takes_none,pass:$T/takes balance=first
	none.test  tls=pass:$T/takes_none
END
serve -l 127.0.0.1:0 -r routes
same "got=taken end=eof" "$(client "$ADDR" hello:pass.test shut read)"
answers back.test back || fail "not led to the next"
refuses none.test 80
logged "target=pass:$T/takes .*end=passed\$"
logged "target=$BACK .*end=closed\$"
logged "target=pass:$T/takes_none .*end=unreachable\$"
logged "pass:$T/takes_none.*Operation not permitted"
