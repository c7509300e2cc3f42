#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A tunnel server written from tunnel(7), scripted in words, to see what a client makes of it.

hub.py KEY [all] WORD... [-- WORD...]...

A server with the key and certificate in KEY, on loopback or on all addresses of this machine. Each client gets the next group of
words (the last one again and again), and then its connection ends; many are served at once. What they saw is printed, each line
begins with the client's number.

Its address goes to descriptor 9 when ready. Words:
  hello                      wait for the client's hello; prints its type, version and services
  line:TEXT                  send that line on stream 1 (TEXT knows \\n and \\xNN)
  welcome[:JSON]             send a welcome (members of JSON added or replaced)
  visitor:ID:NAME[,kind=K][,bare]   open a stream and send a header (bare: and no TLV)
  open:ID[:TEXT]             open a stream and send TEXT
  data:ID:TEXT fin:ID rst:ID send on it, end it, reset it
  goaway end                 say GOAWAY; end TLS in order
  raw:TEXT wire:TEXT         send these bytes in the session; on its connection, beneath TLS
  opens:N:ID                 N frames that open streams, from that id on
  cut                        end the connection without a word
  until:WORD                 read frames until one that is told as WORD; each is printed: ID:TEXT (data), fin:ID, rst:ID,
                             goaway:CODE, line:TYPE (a message on stream 1), eof
  sleep:SECONDS touch:FILE wait:FILE
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

DATA, WINDOW, PING, GOAWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def text(arg):
    return arg.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")


def show(data):
    return "".join(chr(b) if 32 < b < 127 and b != 92 else "\\x%02x" % b for b in data)


def header(arg):
    name, *options = arg.split(",")
    opt = dict(o.partition("=")[::2] for o in options)
    body = bytes([192, 0, 2, 7, 192, 0, 2, 8]) + struct.pack("!HH", 1234, 443)
    if "bare" not in opt:
        for number, value in (2, name), (0xE0, opt.get("kind")):
            if value is not None:
                body += bytes([number]) + struct.pack("!H", len(value)) + value.encode()
    return SIGNATURE + b"\x21\x11" + struct.pack("!H", len(body)) + body


class Client:
    def __init__(self, number, sock):
        self.number, self.sock = number, sock
        self.control = b""
        self.seen = []

    def say(self, *words):
        print(self.number, *words, flush=True)

    def frame(self, kind, flags, stream, length, data=b""):
        self.sock.sendall(struct.pack("!BBHII", 0, kind, flags, stream, length) + data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def read(self):
        """Another frame, as the words that tell it."""
        try:
            version, kind, flags, stream, length = struct.unpack("!BBHII", self.exactly(12))
            data = self.exactly(length) if kind == DATA else b""
        except (EOFError, ConnectionError):
            return ["eof"]
        words = []
        if kind == PING and flags == SYN:
            self.frame(PING, ACK, 0, length)
        elif kind == GOAWAY:
            words.append("goaway:%d" % length)
        elif stream == 1:
            self.control += data
            while b"\n" in self.control:
                line, _, self.control = self.control.partition(b"\n")
                words.append("line:" + self.describe(json.loads(line)))
        elif data:
            words.append("%d:%s" % (stream, show(data)))
        if stream and flags & FIN:
            words.append("fin:%d" % stream)
        if stream and flags & RST:
            words.append("rst:%d" % stream)
        return words

    def describe(self, message):
        if message["type"] != "hello":
            return message["type"]
        self.say("instance", message["instance"])
        return "hello,version=%d," % message["version"] + ",".join(
            "%s:%s" % (s["kind"], s.get("name", "")) for s in message.get("services", []))

    def do_until(self, arg):
        while True:
            words = self.read()
            for word in words:
                self.say(word)
            if arg in words or "eof" in words or any(arg == w.split(",")[0] for w in words):
                return

    def do_hello(self, arg):
        self.do_until("line:hello")

    def do_line(self, arg):
        data = text(arg) + b"\n"
        self.frame(DATA, ACK, 1, len(data), data)

    def do_welcome(self, arg):
        message = {"type": "welcome", "version": 1, "names": ["x.test"], "heartbeat_ms": 10000, "dead_ms": 20000, "streams": 16}
        message.update(json.loads(arg or "{}"))
        data = json.dumps(message).encode() + b"\n"
        self.frame(DATA, ACK, 1, len(data), data)

    def do_open(self, arg):
        stream, _, data = arg.partition(":")
        data = text(data)
        self.frame(DATA, SYN, int(stream), len(data), data)

    def do_visitor(self, arg):
        stream, _, rest = arg.partition(":")
        data = header(rest)
        self.frame(DATA, SYN, int(stream), len(data), data)

    def do_data(self, arg):
        stream, _, data = arg.partition(":")
        data = text(data)
        self.frame(DATA, 0, int(stream), len(data), data)

    def do_fin(self, arg):
        self.frame(WINDOW, FIN, int(arg), 0)

    def do_rst(self, arg):
        self.frame(WINDOW, RST, int(arg), 0)

    def do_goaway(self, arg):
        self.frame(GOAWAY, 0, 0, 0)

    def do_raw(self, arg):
        self.sock.sendall(text(arg))

    def do_wire(self, arg):
        os.write(self.sock.fileno(), text(arg))

    def do_opens(self, arg):
        n, first = map(int, arg.split(":"))
        self.sock.sendall(b"".join(struct.pack("!BBHII", 0, DATA, SYN, first + 2 * i, 0) for i in range(n)))

    def do_cut(self, arg):
        self.sock.shutdown(socket.SHUT_RDWR)

    def do_end(self, arg):
        self.sock.unwrap()

    def do_sleep(self, arg):
        time.sleep(float(arg))

    def do_touch(self, arg):
        open(arg, "w").close()

    def do_wait(self, arg):
        while not os.path.exists(arg):
            time.sleep(0.02)


everywhere = sys.argv[2] == "all"
groups = [[]]
for a in sys.argv[3 if everywhere else 2:]:
    if a == "--":
        groups.append([])
    else:
        groups[-1].append(a)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(sys.argv[1])
context.set_alpn_protocols(["tun/1"])
context.num_tickets = 0
listener = socket.create_server(("0.0.0.0" if everywhere else "127.0.0.1", 0))
os.write(9, ("127.0.0.1:%d\n" % listener.getsockname()[1]).encode())
os.close(9)


def serve(accepted, number):
    try:
        accepted.settimeout(30)
        client = Client(number, context.wrap_socket(accepted, server_side=True))
        for word in groups[min(number, len(groups)) - 1]:
            name, _, argument = word.partition(":")
            getattr(client, "do_" + name)(argument)
        client.sock.close()
    except (OSError, ssl.SSLError) as error:
        print(number, "error", error, flush=True)
    accepted.close()


count = 0
while True:
    visitor = listener.accept()[0]
    count += 1
    threading.Thread(target=serve, args=(visitor, count), daemon=True).start()
