#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A slow line: tunnel_slow_line.py ADDR RATE

Takes connections on a port of loopback and passes them on to ADDR, RATE bytes per second each way, holding little itself. Its
address goes to descriptor 9 when ready.
"""
import os
import socket
import sys
import threading
import time

HOLDS = 65536       # bytes of its sockets' buffers
PIECE = 8192
host, _, port = sys.argv[1].rpartition(":")
rate = float(sys.argv[2])


def pump(a, b):
    due = time.monotonic()
    try:
        while piece := a.recv(PIECE):
            b.sendall(piece)
            due = max(due, time.monotonic() - 0.1) + len(piece) / rate
            time.sleep(max(0, due - time.monotonic()))
        b.shutdown(socket.SHUT_WR)
    except OSError:
        # A reset on one side is one for the other.
        for s in a, b:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.close()


def serve(a):
    b = socket.socket()
    b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HOLDS)
    b.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HOLDS)
    try:
        b.connect((host, int(port)))
    except OSError:
        a.close()
        return
    for x, y in (a, b), (b, a):
        threading.Thread(target=pump, args=(x, y), daemon=True).start()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HOLDS)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HOLDS)
listener.bind(("127.0.0.1", 0))
listener.listen(64)
os.write(9, ("127.0.0.1:%d\n" % listener.getsockname()[1]).encode())
os.close(9)
while True:
    serve(listener.accept()[0])
