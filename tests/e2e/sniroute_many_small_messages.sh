#!/bin/sh
# SPDX-License-Identifier: ISC
# More clients than one turn of the loop takes speak at the same moment, again and again: everybody gets their own answer.
. "${0%/*}/lib.sh"

backend echo timeout:60 echo
serve -l 127.0.0.1:0 -t "$READY" --max-per-source 0

python3 -SE - "$(pid_of sniroute)" "$PORT" <<'EOT'
import os, signal, socket, sys

router, port = int(sys.argv[1]), int(sys.argv[2])
clients = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(400)]

def say(words):
    for c, w in zip(clients, words):
        c.sendall(w)

def hear(words):
    for i, (c, w) in enumerate(zip(clients, words)):
        got = b""
        while len(got) < len(w):
            more = c.recv(len(w) - len(got))
            assert more, "client %d: an end" % i
            got += more
        assert got == w, "client %d: %r, not %r" % (i, got[:40], w[:40])

words = [b"%d:0 " % i for i in range(400)]
say(words)
hear(words)
for turn in range(1, 6):
    words = [b"%d:%d " % (i, turn) * (1 + i * turn % 700) for i in range(400)]
    os.kill(router, signal.SIGSTOP)
    say(words)
    if turn == 5:       # the ends come in the same turn
        for c in clients:
            c.shutdown(socket.SHUT_WR)
    os.kill(router, signal.SIGCONT)
    hear(words)
for c in clients:
    assert c.recv(1) == b"", "no end"
EOT
logged_times 400 'end=closed$'
