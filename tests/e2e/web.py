#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An HTTP/1.1 server for the tests, which says what it got and misbehaves on request.

web.py ADDR [proxy]     writes its address to descriptor 9 when ready; logs "conn=N METHOD TARGET" a request,
                        and "conn=N end" for each connection; proxy: a PROXY header comes first, and is logged

/head            answers with the request's head as it came
/body            reads the body: "bytes=N sha=... chunked=yes|no trailers=..."
/echo            sends the body back as it comes, chunked
/size/N          N bytes with a length          /chunked/N     N bytes in chunks, then a trailer
/close/N         N bytes up to the end of the connection
/events          three server-sent events, 0.4 s apart
/early           413 at once, the body unread, then closes
/continue        100, then /body                /hints         103 before the answer
/wait/FILE       /body, once FILE exists
/sleep/S         answers after S seconds        /drop          closes without an answer
/status/N        that status, without a body    /raw/HEX       those bytes, then waits
/rawend/HEX      those bytes, then closes       /ws            101 and an echo, if asked to upgrade
/switch          101 in any case
"""
import hashlib
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer     # noqa: E402


class Gone(Exception):
    pass


class Conn:
    def __init__(self, sock, number):
        self.sock, self.number, self.buf = sock, number, b""
        self.continued = True

    def say(self, text):
        peer.out("conn=%d %s" % (self.number, text))

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.buf += data

    def line(self):
        while b"\r\n" not in self.buf:
            self.fill()
        line, _, self.buf = self.buf.partition(b"\r\n")
        return line

    def take(self, n):
        while n > 0:
            if not self.buf:
                self.fill()
            data, self.buf = self.buf[:n], self.buf[n:]
            n -= len(data)
            yield data

    def head(self):
        lines = [self.line()]
        while lines[-1]:
            lines.append(self.line())
        self.raw = b"\n".join(lines)
        self.method, self.target, _ = lines[0].decode("latin-1").split(" ")
        self.fields = {}
        for line in lines[1:-1]:
            name, _, value = line.decode("latin-1").partition(":")
            self.fields[name.lower()] = value.strip()
        self.trailers = []

    def body(self):
        if self.fields.get("transfer-encoding") == "chunked":
            while True:
                size = int(self.line().split(b";")[0], 16)
                if size == 0:
                    break
                yield from self.take(size)
                assert self.line() == b""
            line = self.line()
            while line:
                self.trailers.append(line.decode("latin-1"))
                line = self.line()
        else:
            yield from self.take(int(self.fields.get("content-length", 0)))

    def send(self, *parts):
        self.sock.sendall(b"".join(p if isinstance(p, bytes) else p.encode("latin-1") for p in parts))

    def answer(self, body=b"", status="200 OK", more=""):
        if isinstance(body, str):
            body = body.encode("latin-1")
        self.send("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), more),
                  b"" if self.method == "HEAD" else body)

    def chunk(self, data):
        self.send("%x\r\n" % len(data), data, "\r\n")

    # ---- what is asked for ----

    def do_head(self, _arg):
        for _ in self.body():
            pass
        self.answer(self.raw, more="Set-Cookie: a=1\r\nX-One: 1\r\nset-cookie: b=2\r\n")

    def do_body(self, _arg):
        digest, n = hashlib.sha256(), 0
        for data in self.body():
            digest.update(data)
            n += len(data)
        self.answer("bytes=%d sha=%s chunked=%s trailers=%s\n" % (
            n, digest.hexdigest()[:16], "yes" if "transfer-encoding" in self.fields else "no", ",".join(self.trailers)))

    def do_echo(self, _arg):
        self.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for data in self.body():
            self.chunk(data)
        self.send("0\r\n\r\n")

    def do_size(self, arg):
        n = peer.size(arg)
        self.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
        if self.method != "HEAD":
            for block in peer.stream(n):
                self.send(block)

    def do_chunked(self, arg):
        self.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
        for block in peer.stream(peer.size(arg)):
            self.chunk(block)
        self.send("0\r\nX-Sum: 17\r\nContent-Length: 5\r\n\r\n")

    def do_close(self, arg):
        self.send("HTTP/1.1 200 OK\r\n\r\n")
        for block in peer.stream(peer.size(arg)):
            self.send(block)
        raise Gone

    def do_events(self, _arg):
        self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n in range(3):
            self.chunk(b"data: %d\n\n" % n)
            time.sleep(0.4)
        self.send("0\r\n\r\n")

    def do_early(self, _arg):
        self.answer("too much\n", "413 Content Too Large", "Connection: close\r\n")
        self.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        raise Gone

    def do_continue(self, arg):
        self.send("HTTP/1.1 100 Continue\r\n\r\n")
        self.do_body(arg)

    def do_hints(self, _arg):
        self.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(0.1)
        self.answer("hinted\n")

    def do_wait(self, arg):
        while not os.path.exists(arg):
            time.sleep(0.02)
        self.do_body("")

    def do_sleep(self, arg):
        time.sleep(float(arg))
        self.answer("slept\n")

    def do_drop(self, _arg):
        raise Gone

    def do_status(self, arg):
        self.send("HTTP/1.1 %s X\r\n\r\n" % arg)

    def do_raw(self, arg):
        for _ in self.body():
            pass
        self.send(bytes.fromhex(arg))

    def do_rawend(self, arg):
        self.do_raw(arg)
        raise Gone

    def do_ws(self, _arg):
        if self.fields.get("connection", "").lower() != "upgrade":
            self.answer("no upgrade\n", "400 Bad Request")
            return
        self.do_switch("")

    def do_switch(self, _arg):
        self.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\nwelcome\n" %
                  self.fields.get("upgrade", "x"))
        if self.buf:
            self.send(self.buf)
        while True:
            data = self.sock.recv(65536)
            if not data:
                break
            self.send(data)
        raise Gone

    def run(self, proxied):
        try:
            if proxied:
                end = peer.End(self.sock, self.say)
                end.do_proxy("")
                self.buf = end.buf
            while True:
                self.head()
                self.say("%s %s" % (self.method, self.target))
                word, _, arg = self.target.lstrip("/").partition("?")[0].partition("/")
                getattr(self, "do_" + word, self.do_head)(arg)
        except Gone:
            self.say("end")
        except OSError as e:
            self.say("error=%s" % os.strerror(e.errno).replace(" ", "-"))
        self.sock.close()


def main(addr, *words):
    s = peer.listen(addr)
    peer.ready(peer.addr_text(s.getsockname()))
    n = 0
    while True:
        c, _ = s.accept()
        n += 1
        if c.family != socket.AF_UNIX:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Conn(c, n).run, args=("proxy" in words,), daemon=True).start()


main(*sys.argv[1:])
