#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A long line: routesync_far.py PATH TARGET SECONDS joins the unix socket PATH to TARGET, each byte SECONDS later."""
import queue
import socket
import sys
import threading
import time

path, target, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])


def deliver(line, sock):
    try:
        while True:
            due, data = line.get()
            time.sleep(max(0, due - time.monotonic()))
            if not data:
                sock.shutdown(socket.SHUT_WR)
                return
            sock.sendall(data)
    except OSError:
        pass


def pump(source, sink):
    line = queue.Queue()
    threading.Thread(target=deliver, args=(line, sink), daemon=True).start()
    data = b"x"
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        line.put((time.monotonic() + seconds, data))


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(8)
while True:
    near = listener.accept()[0]
    far = socket.socket(socket.AF_UNIX)
    far.connect(target)
    for ends in ((near, far), (far, near)):
        threading.Thread(target=pump, args=ends, daemon=True).start()
