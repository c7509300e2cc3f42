#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A tunnel client written from tunnel(7), and visitors, scripted in words.

tunnel.py client ADDR KEY WORD...    a client with the key and certificate in KEY; words are done in order, what they saw is printed
tunnel.py plain ADDR WORD...         the same without TLS, for an ancestor's handshake
tunnel.py visitor ADDR WORD...       a visitor; header: and pass: make the way in

Words of a client:
  proxy:IP:PORT              (the first word) say so in a PROXY v1 header, in front of everything else
  hello[:JSON]               open stream 1 and send a hello (members of JSON added or replaced)
  line:TEXT                  send that line on stream 1 (TEXT knows \\n and \\xNN)
  part:TEXT                  the same without the newline
  frame:TYPE:FLAGS:ID:LEN[:TEXT]   send that frame; TEXT is repeated up to LEN bytes when it is data
  raw:TEXT wire:TEXT         send these bytes in the session; on its connection, beneath TLS
  opens:N:FROM               N frames that open streams, from the id FROM on, every other
  get                        wait for the next message of stream 1; prints its type and code or names
  stream[:TEXT]              wait for a visitor's stream; answers TEXT, ends it, waits for its end; prints its PROXY header and what
                             came behind
  plain:TEXT                 the same for a stream without a header; prints its id, how it was opened, its data
  reset                      wait for a visitor's stream and reset it
  hold                       wait for a visitor's stream, leave it open
  end                        read on to the end; prints what came: end=close_notify|eof|reset|timeout
  sleep:SECONDS touch:FILE wait:FILE timeout:SECONDS close rst
Words of a visitor:
  header:NAME[,kind=K][,src=IP:PORT][,local]   send a PROXY v2 header;  pass:NAME...: with a socket whose other end we are then
  send:TEXT read shut sleep: touch: wait: timeout:   as in peer.py
"""
import os
import socket
import struct
import sys
import time


def text(arg):
    return arg.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")


def show(data):
    return "".join(chr(b) if 32 < b < 127 and b != 92 else "\\x%02x" % b for b in data)


def dial(addr):
    if addr.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(addr[5:])
        return s
    host, _, port = addr.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)))


def common(word, arg, sock):
    """Words of both; false: it is none of them."""
    if word == "sleep":
        time.sleep(float(arg))
    elif word == "touch":
        open(arg, "w").close()
    elif word == "wait":
        while not os.path.exists(arg):
            time.sleep(0.02)
    elif word == "timeout":
        sock.settimeout(float(arg))
    elif word == "print":
        print(arg, flush=True)
    else:
        return False
    return True


# ---- a client ----

class Client:
    def __init__(self, sock):
        self.sock = sock
        self.buf = b""
        self.line = b""
        self.ended = None
        self.begun = False

    def frame(self, kind, flags, stream, length, data=b""):
        self.sock.sendall(struct.pack("!BBHII", 0, kind, flags, stream, length) + data)

    def data(self, data):
        """On stream 1, which the first of it opens."""
        self.frame(0, 0 if self.begun else 1, 1, len(data), data)
        self.begun = True

    def fill(self):
        try:
            more = self.sock.recv(65536)
            self.ended = self.ended or ("close_notify" if more == b"" else None)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            more, self.ended = b"", "eof"
        except ConnectionError:
            more, self.ended = b"", "reset"
        except (TimeoutError, socket.timeout):
            more, self.ended = b"", "timeout"
        except ssl.SSLError as e:
            more, self.ended = b"", (e.reason or "tls").lower()
        self.buf += more
        return more != b""

    def next(self):
        """The next frame: kind, flags, stream, length, data; None at the end."""
        while len(self.buf) < 12 or (self.buf[1] == 0 and len(self.buf) < 12 + struct.unpack("!I", self.buf[8:12])[0]):
            if not self.fill():
                return None
        version, kind, flags, stream, length = struct.unpack("!BBHII", self.buf[:12])
        size = 12 + (length if kind == 0 else 0)
        data, self.buf = self.buf[12:size], self.buf[size:]
        if kind == 2 and flags & 1:
            self.frame(2, 2, 0, length)
        if stream == 1 and kind == 0:
            self.line += data
        return kind, flags, stream, length, data

    def get(self):
        while b"\n" not in self.line:
            if self.next() is None:
                print("end=%s" % self.ended, flush=True)
                return
        line, _, self.line = self.line.partition(b"\n")
        m = json.loads(line)
        keys = {"welcome": ("names", "heartbeat_ms", "dead_ms", "streams", "within_ms"),
                "error": ("code", "text", "after_ms"), "drain": ("within_ms",)}[m["type"]]
        print(" ".join([m["type"]] + ["%s=%s" % (k, ",".join(m[k]) if k == "names" else m.get(k, 0)) for k in keys]),
              flush=True)

    def visitor(self):
        """A stream the server opens: its id, its header and what came behind, the last flags."""
        got = {}
        while True:
            f = self.next()
            if f is None:
                print("end=%s" % self.ended, flush=True)
                sys.exit(0)
            kind, flags, stream, _, data = f
            if stream < 2 or stream % 2:
                continue
            got[stream] = got.get(stream, b"") + (data if kind == 0 else b"")
            head = got[stream]
            if len(head) >= 16 and len(head) >= 16 + struct.unpack("!H", head[14:16])[0]:
                return stream, head, f[1]

    def plain(self, data):
        stream, got, opening, flags = 0, b"", "", 0
        while not flags & 12:
            f = self.next()
            if f is None:
                print("end=%s" % self.ended, flush=True)
                return
            if f[2] > stream and f[1] & 1:
                stream, opening = f[2], "%d:%d" % f[:2]
                self.frame(1, 2, stream, 0)
                self.frame(0, 4, stream, len(data), data)
            if f[2] == stream:
                got, flags = got + f[4], f[1]
        print("stream=%d flags=%s data=%s" % (stream, opening, show(got)), flush=True)

    def end(self):
        kinds = []
        while True:
            f = self.next()
            if f is None:
                break
            kinds.append("%d:%d:%d:%d" % f[:4] if f[0] != 0 or f[2] != 1 else "stream1" if f[1] == 0 else "stream1+fin")
        for line in self.line.split(b"\n")[:-1]:
            m = json.loads(line)
            print("%s code=%s" % (m["type"], m.get("code")))
        print(" ".join(kinds + ["end=%s" % self.ended]), flush=True)

    def word(self, w):
        word, _, arg = w.partition(":")
        if word == "hello":
            m = {"type": "hello", "version": 1, "instance": "0" * 32, "services": []}
            m.update(json.loads(arg or "{}"))
            self.data(json.dumps(m).encode() + b"\n")
        elif word == "line":
            self.data(text(arg) + b"\n")
        elif word == "part":
            self.data(text(arg))
        elif word == "frame":
            kind, flags, stream, length, *rest = arg.split(":", 4)
            data = text(rest[0]) * int(length) if rest else b""
            self.frame(int(kind), int(flags), int(stream), int(length), data[:int(length)])
        elif word == "raw":
            self.sock.sendall(text(arg))
        elif word == "wire":
            os.write(self.sock.fileno(), text(arg))
        elif word == "opens":
            n, first = map(int, arg.split(":"))
            self.sock.sendall(b"".join(struct.pack("!BBHII", 0, 1, 1, first + 2 * i, 0) for i in range(n)))
        elif word == "get":
            self.get()
        elif word == "stream":
            stream, head, flags = self.visitor()
            data = text(arg)
            self.frame(0, 6, stream, len(data), data)
            while not flags & 12:
                f = self.next()
                if f is None:
                    break
                if f[2] == stream:
                    flags = f[1]
                    head += f[4]
            print(proxy(head), flush=True)
        elif word == "plain":
            self.plain(text(arg))
        elif word == "reset":
            self.frame(1, 8, self.visitor()[0], 0)
        elif word == "hold":
            self.frame(1, 2, self.visitor()[0], 0)
        elif word == "end":
            self.end()
        elif word == "close":
            self.sock.close()
        elif word == "rst":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        elif not common(word, arg, self.sock):
            sys.exit("unknown word " + w)


def secured(sock, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(key + ".crt", key)
    context.set_alpn_protocols(["tun/1"])
    return context.wrap_socket(sock)


def client(addr, words, key=None):
    global json, ssl    # which no visitor needs, and which take longer to load than all else
    import json
    import ssl
    try:
        sock = dial(addr)
        sock.settimeout(10)
        if words[0].startswith("proxy:"):
            src, _, port = words.pop(0)[6:].rpartition(":")
            sock.sendall(b"PROXY TCP4 %s 198.51.100.7 %s 443\r\n" % (src.encode(), port.encode()))
        c = Client(secured(sock, key) if key else sock)
        for w in words:
            c.word(w)
    except BrokenPipeError:
        print("end=pipe")
    except ConnectionError:
        print("end=reset")
    except (TimeoutError, socket.timeout):
        print("end=timeout")
    except ssl.SSLError as e:
        print("end=%s" % (e.reason or "tls").lower())


# ---- a visitor ----

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def header(arg):
    name, *options = arg.split(",")
    opt = dict(o.partition("=")[::2] for o in options)
    ip, _, port = opt.get("src", "192.0.2.1:51234").rpartition(":")
    ends = b"" if "local" in opt else (socket.inet_aton(ip) + socket.inet_aton("198.51.100.7") +
                                       struct.pack("!HH", int(port), 443))
    tlvs = (tlv(2, text(name)) if name else b"") + (tlv(0xE0, text(opt["kind"])) if "kind" in opt else b"") + (
        tlv(1, text(opt["alpn"])) if "alpn" in opt else b"")
    return (SIGNATURE + (b"\x20\x00" if "local" in opt else b"\x21\x11") + struct.pack("!H", len(ends) + len(tlvs)) +
            ends + tlvs)


def proxy(head):
    size = 16 + struct.unpack("!H", head[14:16])[0]
    at, words = 16, []
    if head[13] == 0x11:
        a, b, p, q = struct.unpack("!4s4sHH", head[16:28])
        words += ["src=%s:%d" % (socket.inet_ntoa(a), p), "dst=%s:%d" % (socket.inet_ntoa(b), q)]
        at = 28
    while at < size:
        kind, length = struct.unpack("!BH", head[at:at + 3])
        words.append("%02x=%s" % (kind, show(head[at + 3:at + 3 + length])))
        at += 3 + length
    return " ".join(words + ["behind=" + show(head[size:])])


def visitor(addr, words):
    sock = dial(addr)
    sock.settimeout(20)
    first = b""         # a header, to be sent with what is sent next
    for w in words:
        word, _, arg = w.partition(":")
        try:
            if word == "header":
                first = header(arg)
                continue
            if word != "send" and first:
                sock.sendall(first)
                first = b""
            if word == "pass":
                lo = socket.create_server(("127.0.0.1", 0))
                ours = socket.create_connection(lo.getsockname())
                theirs, _ = lo.accept()
                socket.send_fds(sock, [header(arg)], [theirs.fileno()])
                sock.close()
                theirs.close()
                sock = ours
                sock.settimeout(20)
            elif word == "send":
                sock.sendall(first + text(arg))
                first = b""
            elif word == "shut":
                sock.shutdown(socket.SHUT_WR)
            elif word == "close":
                sock.close()
            elif word == "read":
                got, end = b"", "eof"
                while True:
                    try:
                        more = sock.recv(65536)
                    except ConnectionError:
                        end = "reset"
                        break
                    except (TimeoutError, socket.timeout):
                        end = "timeout"
                        break
                    if not more:
                        break
                    got += more
                print("got=%s end=%s" % (show(got), end), flush=True)
            elif not common(word, arg, sock):
                sys.exit("unknown word " + w)
        except ConnectionError:
            print("end=reset", flush=True)
            return


def main():
    mode, addr, *words = sys.argv[1:]
    if mode == "client":
        client(addr, words[1:], words[0])
    elif mode == "plain":
        client(addr, words)
    else:
        visitor(addr, words)


if __name__ == "__main__":
    main()
