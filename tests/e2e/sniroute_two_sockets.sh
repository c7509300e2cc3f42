#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection over two sockets: the client is at the other end of the one on descriptor 0, and a reset reaches it on both.
. "${0%/*}/lib.sh"

named a
printf '%s\n' "a.example.org tls=$READY" "denied.example.org tls=$READY deny=127.0.0.0/8" >routes
backend breaks until:breaks.example.org rst
echo "breaks.example.org tls=$READY" >>routes
cat >two.py <<-'END'
	import os, socket, subprocess, sys
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	there, stdin = peer.tcp_pair()
	back, stdout = peer.tcp_pair()
	p = subprocess.Popen(sys.argv[2:], stdin=stdin, stdout=stdout)
	stdin.close()
	if not os.environ.get("HELD"):
	    stdout.close()
	print("port=%d" % there.getsockname()[1])
	there.sendall(peer.hello(sys.argv[1]))
	there.shutdown(socket.SHUT_WR)
	back.settimeout(10)
	got = b""
	while True:
	    try:
	        part = back.recv(4096)
	    except ConnectionResetError:
	        part = b" reset"
	    got += part
	    if part in (b"", b" reset"):
	        break
	print("got=%s exit=%d" % (got.hex() if got[:1] == b"\x15" else got.decode(), p.wait()))
END
two() { python3 -SE two.py "$1" "$SNIROUTE" -r routes 2>log; }
# a wrapper may hold our end, too: the client hears of the last byte all the same
for HELD in '' yes; do
	export HELD
	has "$(two a.example.org)" '^got=a exit=0$'
	has "$(two denied.example.org)" '^got=15030300020231 exit=100$'
	has "$(cat log)" 'end=denied$'
done
HELD=
out=$(two a.example.org)
has "$out" '^got=a exit=0$'
has "$(cat log)" "peer=127.0.0.1:$(printf '%s\n' "$out" | sed -n 's/^port=//p') "
has "$(two breaks.example.org)" '^got= reset exit=111$'
has "$(cat log)" 'end=target-reset$'
