#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A stand-in for Redis that takes its time.

routesync_store.py PATH COMMAND SECONDS [KEY VALUE]...    listens on the unix socket PATH; descriptor 9 when ready

The first COMMAND it gets is answered after SECONDS, whatever comes meanwhile at once. Every command is printed.
"""
import os
import socket
import sys
import threading
import time

path, slow, seconds = sys.argv[1], sys.argv[2].encode(), float(sys.argv[3])
keys = dict(zip((k.encode() for k in sys.argv[4::2]), (v.encode() for v in sys.argv[5::2])))
lock = threading.Lock()


def text(value):
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def array(items):
    return b"*%d\r\n%s" % (len(items), b"".join(items))


def answer(words):
    global slow
    command = words[0].upper()
    with lock:
        print(command.decode(), flush=True)
        wait, slow = slow == command, None if slow == command else slow
        if command == b"SET":
            keys[words[1]] = words[2]
    if wait:
        time.sleep(seconds)
    if command == b"SCAN":
        return array([text(b"0"), array([text(k) for k in keys])])
    if command == b"MGET":
        return array([text(keys.get(k)) for k in words[1:]])
    if command == b"CONFIG":
        return array([text(words[2]), text(b"")])
    if command == b"PEXPIRE":
        return b":%d\r\n" % (words[1] in keys)
    if command == b"DEL":
        return b":%d\r\n" % (keys.pop(words[1], None) is not None)
    return b"+PONG\r\n" if command == b"PING" else b"+OK\r\n" if command == b"SET" else b"-ERR unknown command\r\n"


def read_words(stream):
    """One command: *N, then N times $LENGTH and the word."""
    count = stream.readline()
    words = []
    for _ in range(int(count[1:]) if count else 0):
        length = int(stream.readline()[1:])
        words.append(stream.read(length + 2)[:-2])
    return words


def serve(sock):
    stream = sock.makefile("rb")
    try:
        while words := read_words(stream):
            sock.sendall(answer(words))
    except (OSError, ValueError):
        pass


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(8)
os.write(9, b"\n")
os.close(9)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
