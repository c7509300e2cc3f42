#!/bin/sh
# SPDX-License-Identifier: ISC
# The descriptors of a one-connection launch, which others may share, are left in blocking mode as they were found.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
cat >shared.py <<'END'
import fcntl, os, socket, subprocess, sys

def flags(kind, request, command):
    if kind == "socket":
        ours, theirs = socket.socketpair()
        fds, send, end = [theirs.fileno()] * 2, ours.sendall, lambda: ours.shutdown(socket.SHUT_WR)
    else:
        (r, ours), (_, w) = pipes = os.pipe(), os.pipe()
        fds, send, end = [r, w], lambda data: os.write(ours, data), lambda: os.close(ours)
    p = subprocess.Popen(command, stdin=fds[0], stdout=fds[1], stderr=subprocess.DEVNULL)
    if request:		# even nothing cannot be sent to one that has ended already
        send(request)
    end()
    p.wait()
    return ["left" if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK else "blocking" for fd in fds]

print(*flags(sys.argv[1], sys.argv[2].encode().decode("unicode_escape").encode(), sys.argv[3:]))
END
# restored KIND REQUEST [ROUTES]
restored() {
	same "blocking blocking" "$(timeout 20 python3 -SE shared.py "$1" "$2" "$HTTPREDIR" -r "${3:-routes}")" "$*"
}
echo bad >bad
for kind in socket pipes; do
	restored $kind 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
	restored $kind 'GET / HTTP/1.1\r\nHost: b.test\r\n\r\n'
	restored $kind 'GET / HT'
	restored $kind ''
	restored $kind 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
	restored $kind 'GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
	restored $kind 'rubbish\r\n\r\n'
	restored $kind '' bad
done
