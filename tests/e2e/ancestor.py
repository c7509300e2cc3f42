#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A stand-in for tcprouter's server, which tunnelc --secret-file dials.

ancestor.py first|second SECRET [OPTION...]    the raw handshake, or yamux

Its addresses for clients and for visitors go to descriptor 9 when ready. Every visitor is led to the client that registered
last. What clients say is printed: of the handshake every frame in hexadecimal, later only the types of frames.

Options: ping=SECONDS (a ping so often), ack (acknowledge stream 1 before its end), refuse (hang up on every client without a
word), ports=A,B (instead of any), late=SECONDS (hang up on a client after so long), goaway (say so to a client once it has
registered), window (overrun no window, but use all of it: 64 KiB frames).
"""
import os
import socket
import struct
import sys
import threading
import time

DATA, WINDOW, PING, GOAWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
START = 262144

lock = threading.Lock()


def say(*words):
    with lock:
        print(*words, flush=True)


def exactly(sock, n):
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


class Stream:
    def __init__(self, visitor):
        self.visitor = visitor
        self.window = START
        self.room = threading.Condition()
        self.sent_fin = self.got_fin = False


class Session:
    """The second generation: yamux, the server's side."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number
        self.streams = {}
        self.next = 2
        self.out = threading.Lock()
        self.pings = 0

    def send(self, kind, flags, stream, length, data=b""):
        with self.out:
            self.sock.sendall(struct.pack("!BBHII", 0, kind, flags, stream, length) + data)

    def open(self, visitor):
        stream = Stream(visitor)
        self.streams[self.next] = stream
        number, self.next = self.next, self.next + 2
        self.send(WINDOW, SYN, number, 0)
        threading.Thread(target=self.feed, args=(number, stream), daemon=True).start()

    def feed(self, number, stream):
        try:
            while True:
                data = stream.visitor.recv(65524)
                if not data:
                    break
                while data:
                    with stream.room:
                        while stream.window == 0:
                            stream.room.wait()
                        n = min(stream.window, len(data), 65524)
                        stream.window -= n
                    self.send(DATA, 0, number, n, data[:n])
                    data = data[n:]
            if number in self.streams:
                self.send(WINDOW, FIN, number, 0)
        except OSError:
            pass

    def register(self):
        """The handshake on stream 1, printed frame by frame."""
        secret = b""
        while True:
            head = exactly(self.sock, 12)
            version, kind, flags, stream, length = struct.unpack("!BBHII", head)
            data = exactly(self.sock, length) if kind == DATA else b""
            say("frame", head.hex(), data.hex())
            if version != 0 or kind == GOAWAY:
                raise EOFError
            if kind == PING:
                if flags == SYN:
                    self.send(PING, ACK, 0, length)
                continue
            if stream != 1:
                raise EOFError
            secret += data
            if flags & FIN:
                break
        if "ack" in options:
            self.send(WINDOW, ACK, 1, 0)
        self.send(WINDOW, FIN, 1, 0)
        return secret

    def frame(self):
        version, kind, flags, stream, length = struct.unpack("!BBHII", exactly(self.sock, 12))
        if version != 0:
            raise EOFError
        if kind == PING:
            say("ping", "syn" if flags == SYN else "ack", length)
            if flags == SYN:
                self.send(PING, ACK, 0, length)
        elif kind == GOAWAY:
            say("goaway", length)
        elif stream in self.streams:
            self.serve(kind, flags, stream, length)
        elif kind == DATA:
            exactly(self.sock, length)

    def serve(self, kind, flags, number, length):
        stream = self.streams[number]
        if flags & ACK:
            say("ack", number)
        if kind == WINDOW:
            with stream.room:
                stream.window += length
                stream.room.notify()
        else:
            data = exactly(self.sock, length)
            try:
                stream.visitor.sendall(data)
            except OSError:
                pass
            if length:
                self.send(WINDOW, 0, number, length)
        if flags & RST:
            say("reset", number)
            del self.streams[number]
            stream.visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.visitor.shutdown(socket.SHUT_RD)    # the thread that reads would keep it open
            stream.visitor.close()
        elif flags & FIN:
            say("fin", number)
            try:
                stream.visitor.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def ping(self):
        try:
            while True:
                time.sleep(float(options["ping"]))
                self.pings += 1
                self.send(PING, SYN, 0, self.pings)
        except OSError:
            pass


clients = []
waiting = threading.Condition()


def registered(client):
    with waiting:
        clients.append(client)
        waiting.notify_all()


def gone(client):
    with waiting:
        if client in clients:
            clients.remove(client)


def serve_second(sock, number):
    session = Session(sock, number)
    try:
        said = session.register()
        if said != struct.pack("!HH", 0x1111, len(secret)) + secret:
            say("client", number, "refused")
            return
        say("client", number, "registered")
        registered(session)
        if "goaway" in options:
            session.send(GOAWAY, 0, 0, 0)
        if "ping" in options:
            threading.Thread(target=session.ping, daemon=True).start()
        while True:
            session.frame()
    except (EOFError, OSError):
        pass
    finally:
        gone(session)
        say("client", number, "closed")
        sock.close()


def serve_first(sock, number):
    try:
        head = exactly(sock, 4)
        magic, length = struct.unpack("!HH", head)
        if magic != 0x1111:
            say("expected 4369 MagicNr and received", magic)
            sock.close()
            return
        said = exactly(sock, length)
        say("raw", (head + said).hex())
        if said == secret:
            say("client", number, "registered")
            registered(sock)
    except (EOFError, OSError):
        say("client", number, "closed")


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def lead(visitor):
    with waiting:
        while not clients:
            waiting.wait()
        client = clients[-1] if generation == "second" else clients.pop()
    if generation == "second":
        client.open(visitor)
        return
    other = threading.Thread(target=pump, args=(visitor, client), daemon=True)
    other.start()
    pump(client, visitor)
    other.join()
    client.close()
    visitor.close()


def accept_clients(listener):
    serve = serve_first if generation == "first" else serve_second
    number = 0
    while True:
        sock = listener.accept()[0]
        number += 1
        say("client", number, "connected")
        if "refuse" in options:
            sock.close()
            continue
        if "late" in options:
            threading.Timer(float(options["late"]), sock.shutdown, (socket.SHUT_RDWR,)).start()
        threading.Thread(target=serve, args=(sock, number), daemon=True).start()


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(64)
    return s


generation, secret = sys.argv[1], sys.argv[2].encode()
options = dict(o.partition("=")[::2] for o in sys.argv[3:])
ports = [int(p) for p in options.get("ports", "0,0").split(",")]
to_clients, to_visitors = listen(ports[0]), listen(ports[1])
threading.Thread(target=accept_clients, args=(to_clients,), daemon=True).start()
os.write(9, ("127.0.0.1:%d 127.0.0.1:%d\n" % (to_clients.getsockname()[1], to_visitors.getsockname()[1])).encode())
os.close(9)
while True:
    threading.Thread(target=lead, args=(to_visitors.accept()[0],), daemon=True).start()
