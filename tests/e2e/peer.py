#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The other ends of the tests: clients, backends and launchers, scripted in words.

peer.py client ADDR WORD...         connect and do the words in order, printing what they saw
peer.py crowd N ADDR WORD...        N such clients at once; distinct results with their counts
peer.py herd N FILE ADDR WORD...    N clients one after the other, which then stay until FILE exists
peer.py loop FILE ADDR WORD...      such clients one after another until FILE exists; counts as well
peer.py slowest FILE ADDR WORD...   the same, printing slowest_ms= instead
peer.py server ADDR WORD...         do the words with every connection accepted; lines begin with its number
peer.py receiver ADDR WORD...       the same with every socket handed over by SCM_RIGHTS
peer.py full ADDR                   a listener whose backlog is full: connecting to it times out
peer.py notify PATH                 print the datagrams sent to a unix socket (NOTIFY_SOCKET)
peer.py hello NAME[,...]            a ClientHello on standard output
peer.py fds ADDR... -- CMD...       run CMD with listening sockets as LISTEN_FDS
peer.py fd0 ADDR -- CMD...          run CMD with a listening socket as descriptor 0
peer.py one KIND WORD... -- CMD...  run CMD with one connection on 0 and 1 (KIND tcp, socketpair, pipes, or
                                    sockets: two, and the client's end of the first is printed as from=),
                                    do the words at its other end, print CMD's exit code

Servers write their address to descriptor 9 when ready. Words:
  send:TEXT hex:HEX file:PATH   send (TEXT knows \\r\\n\\xNN)
  hello:NAME[,KEY=VALUE]...     send a ClientHello (see hello())
  proxy2:SRC,DST | proxy2:local send a PROXY v2 header
  visitor:NAME[,KEY=VALUE]...   send what a tunnel's visitor begins with (see visitor())
  pass:NAME[,KEY=VALUE]...      hand a TCP connection over with such a header; go on at its other end
  data:SIZE                     send SIZE (k, m) reproducible bytes; prints sent= sha=
  push:SECONDS                  send until nothing more is taken for SECONDS; prints pushed=
  flood:SECONDS                 send for so long, or until that fails; prints nothing
  urgent:TEXT                   send with the last byte urgent
  duplex:SIZE                   data:SIZE and shut in the background while doing sum
  pieces:N:SECONDS              from now on send N bytes at a time, SECONDS apart (0:0 ends that)
  recv:N line until:TEXT        read so much; prints got= (skip:N: prints nothing)
  sips:N:SECONDS                from now on read at most N bytes at a time, SECONDS apart
  ahead:SIZE                    from now on the kernel takes about so much ahead of what is read
  read sum save:FILE            read to the end; prints got= or bytes= sha=, and end=eof|reset|timeout
  alert                         read to the end; prints alert=NUMBER version=HEX when that was a TLS alert
  proxy                         read a PROXY header; prints its parts
  echo                          send back everything until the end, then shut
  quiet:SECONDS                 prints quiet=yes when neither a byte nor an end comes for so long
  shut rst close                end our direction; reset; close
  sleep:SECONDS wait:FILE touch:FILE   pause; pause until FILE exists; make FILE
  timeout:SECONDS peer print:TEXT
  from:IP                       first word of a client: its own address
"""
# hashlib, signal and subprocess are imported where they are wanted: they would be a third of the time
# a client takes.
import array
import collections
import errno
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time


def text(arg):
    return arg.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")


def show(data):
    """Bytes as one printable word."""
    return "".join(chr(b) if 32 < b < 127 and b != 92 else "\\x%02x" % b for b in data)


def size(arg):
    unit = {"k": 1 << 10, "m": 1 << 20}.get(arg[-1:], 1)
    return int(float(arg.rstrip("km")) * unit)


def stream(length):
    """length reproducible bytes in blocks that all differ."""
    import hashlib
    block = hashlib.sha512(b"tcproute").digest() * 1024
    for n in range(0, length, len(block)):
        yield (struct.pack("!Q", n) + block[8:])[:length - n]


# ---- what clients say ----

def vec(width, data):
    return len(data).to_bytes(width, "big") + data


def hello(arg):
    """NAME[,alpn=P]...[,version=HEX][,record=HEX][,pad=N][,split=N][,ext=HEX][,cut=N][,nosni]

    version and record are the two legacy versions, pad adds an extension of N bytes, split puts N bytes into each
    record, ext appends raw extensions, cut drops the last N bytes of the message but not from its length fields.
    """
    name, *options = arg.split(",")
    opt = {"version": "0303", "record": "0301"}
    alpn = b""
    for o in options:
        key, _, value = o.partition("=")
        if key == "alpn":
            alpn += vec(1, text(value))
        else:
            opt[key] = value
    ext = b""
    if "nosni" not in opt:
        ext += b"\0\0" + vec(2, vec(2, b"\0" + vec(2, text(name))))
    if alpn:
        ext += b"\0\x10" + vec(2, vec(2, alpn))
    if "pad" in opt:
        ext += b"\0\x15" + vec(2, bytes(int(opt["pad"])))
    ext += bytes.fromhex(opt.get("ext", ""))
    body = bytes.fromhex(opt["version"]) + bytes(range(32)) + vec(1, bytes(32)) + vec(2, b"\x13\x01\x0a\x0a")
    body += vec(1, b"\0") + vec(2, ext)
    message = b"\x01" + vec(3, body)
    message = message[:len(message) - int(opt.get("cut", 0))]
    step = int(opt.get("split", 16384))
    return b"".join(b"\x16" + bytes.fromhex(opt["record"]) + vec(2, message[i:i + step])
                    for i in range(0, len(message), step))


# ---- addresses ----

def parse_addr(addr):
    if addr.startswith("unix:@"):
        return socket.AF_UNIX, "\0" + addr[6:]
    if addr.startswith("unix:"):
        return socket.AF_UNIX, addr[5:]
    host, _, port = addr.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return family, (host.strip("[]"), int(port))


def addr_text(a):
    if isinstance(a, bytes):
        a = a.decode("latin-1")
    if isinstance(a, str):
        return "unix:" + ("@" + a[1:] if a.startswith("\0") else a)
    return ("[%s]:%d" if ":" in a[0] else "%s:%d") % (a[0], a[1])


def listen(addr, backlog=4096):
    family, where = parse_addr(addr)
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(where)
    s.listen(backlog)
    return s


def tcp_pair(addr="127.0.0.1:0"):
    """Two ends of a connection: who connected, who accepted."""
    listener = listen(addr, 1)
    near = socket.socket(listener.family)
    near.connect(listener.getsockname())
    far = listener.accept()[0]
    listener.close()
    return near, far


def slow_answers(argv, requests):
    """A program, -v in argv, that got these bytes on a pipe and waits for room in the 4 KiB pipe it answers on: both ends of ours."""
    request_r, request_w = os.pipe()
    answer_r, answer_w = os.pipe()
    fcntl.fcntl(answer_w, 1031, 4096)  # F_SETPIPE_SZ
    os.write(request_w, requests)
    p = subprocess.Popen(argv, stdin=request_r, stdout=answer_w)
    os.close(request_r)
    os.close(answer_w)
    for _ in range(500):
        if "HEAD -> ANSWER" in open("log").read():
            break
        time.sleep(0.02)
    return p, request_w, answer_r


def ready(line):
    try:
        os.write(9, (line + "\n").encode())
        os.close(9)
    except OSError:
        pass


# ---- PROXY protocol ----

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TLV = {0x01: "alpn", 0x02: "authority", 0xE0: "kind"}


def proxy2(arg):
    if arg == "local":
        return SIGNATURE + b"\x20\0" + vec(2, b"")
    (family, src), (_, dst) = (parse_addr(a) for a in arg.split(","))
    ips = b"".join(socket.inet_pton(family, a[0]) for a in (src, dst))
    return SIGNATURE + (b"\x21\x11" if family == socket.AF_INET else b"\x21\x21") + \
        vec(2, ips + struct.pack("!HH", src[1], dst[1]))


def visitor(arg):
    """NAME[,kind=KIND][,src=ADDR][,dst=ADDR][,alpn=P]: a PROXY v2 header that names a tunnel (none: an empty NAME)"""
    name, *options = arg.split(",")
    opt = dict(o.split("=", 1) for o in options)
    if "src" in opt:
        header = proxy2(opt["src"] + "," + opt.get("dst", "192.0.2.80:443"))
    else:
        header = proxy2("local")
    tlvs = b""
    for number, value in (0x01, opt.get("alpn")), (0x02, name or None), (0xE0, opt.get("kind")):
        if value is not None:
            tlvs += bytes([number]) + vec(2, text(value))
    return header[:14] + vec(2, header[16:] + tlvs)


def describe_proxy(data):
    """The parts of a whole header, and what stands behind it."""
    if data.startswith(b"PROXY "):
        line, _, rest = data.partition(b"\r\n")
        return "proxy=v1 line=" + show(line), rest
    if not data.startswith(SIGNATURE):
        return "proxy=none", data
    command, family, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    body, rest = data[16:16 + length], data[16 + length:]
    out = "proxy=v2 cmd=%s family=%02x" % ({0x20: "LOCAL", 0x21: "PROXY"}.get(command, "?"), family)
    width = {0x11: 4, 0x21: 16}.get(family, 0)
    if width:
        af = socket.AF_INET if width == 4 else socket.AF_INET6
        ips = [socket.inet_ntop(af, body[i:i + width]) for i in (0, width)]
        ports = struct.unpack("!HH", body[2 * width:2 * width + 4])
        out += " src=%s dst=%s" % tuple(addr_text(a) for a in zip(ips, ports))
        body = body[2 * width + 4:]
    while body:
        n = int.from_bytes(body[1:3], "big")
        out += " %s=%s" % (TLV.get(body[0], "tlv%02x" % body[0]), show(body[3:3 + n]))
        body = body[3 + n:]
    return out, rest


# ---- one connection and its words ----

class Pipes:
    """Two pipe ends, or sockets, that look like one socket."""
    def __init__(self, rfd, wfd):
        self.rfd, self.wfd, self.timeout = rfd, wfd, None

    def recv(self, n):
        if not select.select([self.rfd], [], [], self.timeout)[0]:
            raise TimeoutError
        return os.read(self.rfd, n)

    def sendall(self, data):
        while data:
            data = data[os.write(self.wfd, data):]

    def shutdown(self, _how):
        os.close(self.wfd)
        self.wfd = -1

    def settimeout(self, seconds):
        self.timeout = seconds

    def close(self):
        for fd in (self.rfd, self.wfd):
            if fd >= 0:
                os.close(fd)
        self.rfd = self.wfd = -1


class End:
    def __init__(self, sock, say):
        self.sock, self.say, self.buf = sock, say, b""
        self.piece, self.delay, self.sip, self.pause = 0, 0, 1 << 18, 0
        sock.settimeout(40)

    def run(self, words):
        self.words(words)
        self.sock.close()

    def words(self, words):
        """A word that fails says so; reading may still tell why."""
        for w in words:
            verb, _, arg = w.partition(":")
            try:
                getattr(self, "do_" + verb)(arg)
            except TimeoutError:
                self.say("failed=timeout")
                break
            except OSError as e:
                self.say("failed=" + os.strerror(e.errno).replace(" ", "-"))

    # sending
    def put(self, data):
        if not self.piece:
            self.sock.sendall(data)
            return
        for i in range(0, len(data), self.piece):
            self.sock.sendall(data[i:i + self.piece])
            time.sleep(self.delay)

    def do_pieces(self, arg):
        n, _, delay = arg.partition(":")
        self.piece, self.delay = int(n), float(delay)
        if isinstance(self.sock, socket.socket) and self.sock.family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_sips(self, arg):
        n, _, pause = arg.partition(":")
        self.sip, self.pause = int(n), float(pause)

    def do_ahead(self, arg):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size(arg))

    def do_send(self, arg):
        self.put(text(arg))

    def do_hex(self, arg):
        self.put(bytes.fromhex(arg))

    def do_file(self, arg):
        with open(arg, "rb") as f:
            self.put(f.read())

    def do_hello(self, arg):
        self.put(hello(arg))

    def do_proxy2(self, arg):
        self.put(proxy2(arg))

    def do_visitor(self, arg):
        self.put(visitor(arg))

    def do_pass(self, arg):
        """As sniroute does with pass:; src is the true address unless it is given."""
        ours, theirs = tcp_pair()
        if ",src=" not in arg:
            arg += ",src=%s,dst=%s" % (addr_text(ours.getsockname()), addr_text(theirs.getsockname()))
        socket.send_fds(self.sock, [visitor(arg)], [theirs.fileno()])
        self.sock.close()
        theirs.close()
        self.sock = ours
        self.sock.settimeout(40)

    def do_data(self, arg):
        import hashlib
        digest, sent = hashlib.sha256(), 0
        for block in stream(size(arg)):
            self.put(block)
            digest.update(block)
            sent += len(block)
        self.say("sent=%d sha=%s" % (sent, digest.hexdigest()[:16]))

    def do_push(self, arg):
        pushed, block = 0, bytes(65536)
        self.sock.settimeout(float(arg))
        try:
            while True:
                pushed += self.sock.send(block)
        except TimeoutError:
            self.say("pushed=%d" % pushed)
        self.sock.settimeout(40)

    def do_flood(self, arg):
        end, block = time.monotonic() + float(arg), bytes(1 << 20)
        try:
            while time.monotonic() < end:
                self.sock.sendall(block)
        except OSError:
            pass

    def do_urgent(self, arg):
        self.sock.send(text(arg), socket.MSG_OOB)

    def do_duplex(self, arg):
        t = threading.Thread(target=lambda: (self.do_data(arg), self.do_shut("")))
        t.start()
        self.do_sum("")
        t.join()

    # reading
    def get(self, n):
        if self.buf:
            data, self.buf = self.buf[:n], self.buf[n:]
            return data
        return self.sock.recv(n)

    def blocks(self):
        """Everything to the end; the end's word is left in self.end."""
        self.end = "eof"
        try:
            while True:
                data = self.get(self.sip)
                time.sleep(self.pause)
                if not data:
                    return
                yield data
        except ConnectionResetError:
            self.end = "reset"
        except TimeoutError:
            self.end = "timeout"

    def exactly(self, done):
        data = b""
        while not done(data):
            more = self.get(1)
            if not more:
                break
            data += more
        return data

    def do_recv(self, arg):
        data, want = b"", int(arg)
        while len(data) < want:
            more = self.get(want - len(data))
            if not more:
                break
            data += more
        self.say("got=" + show(data))

    def do_skip(self, arg):
        left = int(arg)
        while left > 0:
            n = len(self.get(min(left, self.sip)))
            time.sleep(self.pause)
            left = left - n if n else 0

    def do_line(self, _arg):
        self.do_until("\\n")

    def do_until(self, arg):
        self.say("got=" + show(self.exactly(lambda d: d.endswith(text(arg)))))

    def do_read(self, _arg):
        data = b"".join(self.blocks())
        self.say("got=%s end=%s" % (show(data), self.end))

    def do_save(self, arg):
        with open(arg, "wb") as f:
            for data in self.blocks():
                f.write(data)
                f.flush()
        self.say("saved=%s end=%s" % (arg, self.end))

    def do_sum(self, _arg):
        import hashlib
        digest, n = hashlib.sha256(), 0
        for data in self.blocks():
            digest.update(data)
            n += len(data)
        self.say("bytes=%d sha=%s end=%s" % (n, digest.hexdigest()[:16], self.end))

    def do_alert(self, _arg):
        data = b"".join(self.blocks())
        if len(data) == 7 and data[0] == 21 and data[3:6] == b"\0\x02\x02":
            self.say("alert=%d version=%s end=%s" % (data[6], data[1:3].hex(), self.end))
        else:
            self.say("got=%s end=%s" % (show(data), self.end))

    def do_proxy(self, _arg):
        data = self.exactly(lambda d: len(d) >= 16 or d.endswith(b"\r\n") and not SIGNATURE.startswith(d))
        if data.startswith(SIGNATURE):
            want = 16 + int.from_bytes(data[14:16], "big")
        else:
            want = 0
        data += self.exactly(lambda d: (len(data) + len(d) >= want) if want else
                             (data + d).endswith(b"\r\n") or not data.startswith(b"PROXY "))
        out, self.buf = describe_proxy(data)
        self.say(out)

    def do_echo(self, _arg):
        for data in self.blocks():
            self.sock.sendall(data)
        if self.end == "eof":
            self.do_shut("")

    def do_quiet(self, arg):
        busy = select.select([self.sock], [], [], float(arg))[0]
        self.say("quiet=" + ("no" if busy else "yes"))

    # the rest
    def do_shut(self, _arg):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as e:
            if e.errno != errno.ENOTCONN:   # reset already: reading will tell
                raise

    def do_rst(self, _arg):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def do_close(self, _arg):
        self.sock.close()

    def do_sleep(self, arg):
        time.sleep(float(arg))

    def do_wait(self, arg):
        while not os.path.exists(arg):
            time.sleep(0.02)

    def do_touch(self, arg):
        open(arg, "w").close()

    def do_timeout(self, arg):
        self.sock.settimeout(float(arg))

    def do_peer(self, _arg):
        self.say("peer=" + addr_text(self.sock.getpeername() or "unix:"))

    def do_print(self, arg):
        self.say(arg)


def out(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# ---- commands ----

def opened(addr, words, say):
    """A connection and the words left for it, or None."""
    family, where = parse_addr(addr)
    s = socket.socket(family)
    if words and words[0].startswith("from:"):
        s.bind((words[0][5:], 0))
        words = words[1:]
    s.settimeout(40)
    try:
        s.connect(where)
    except OSError as e:
        say("connect=" + type(e).__name__)
        return None, words
    return End(s, say), words


def connect(addr, words, say=out):
    end, words = opened(addr, words, say)
    if end:
        end.run(words)


def client(addr, *words):
    connect(addr, words)


def counted(results):
    for line, n in sorted(results.items()):
        out("%d x %s" % (n, line))


def crowd(n, addr, *words):
    results = collections.Counter()
    lock = threading.Lock()

    def one():
        lines = []
        connect(addr, words, lines.append)
        with lock:
            results[" ".join(lines)] += 1
    threads = [threading.Thread(target=one) for _ in range(int(n))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    counted(results)


def herd(n, stop, addr, *words):
    held = []
    for _ in range(int(n)):
        end, rest = opened(addr, words, out)
        held.append(end)
        if end:
            end.words(rest)
    ready(addr)
    while not os.path.exists(stop):
        time.sleep(0.05)


def loop(stop, addr, *words):
    results = collections.Counter()
    while not os.path.exists(stop):
        lines = []
        connect(addr, words, lines.append)
        results[" ".join(lines)] += 1
    counted(results)


def slowest(stop, addr, *words):
    worst = 0
    while not os.path.exists(stop):
        begin = time.monotonic()
        connect(addr, words, lambda line: None)
        worst = max(worst, time.monotonic() - begin)
    out("slowest_ms=%d" % (worst * 1000))


def numbered(n):
    return lambda line: out("%d %s" % (n, line))


def server(addr, *words):
    s = listen(addr)
    ready(addr_text(s.getsockname()))
    n = 0
    while True:
        c, _ = s.accept()
        n += 1
        threading.Thread(target=End(c, numbered(n)).run, args=(words,), daemon=True).start()


def receive(c, say, words):
    fds = array.array("i")
    data, ancillary, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(64))
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(value)
    header, rest = describe_proxy(data)
    say("%s behind=%d fds=%d then=%s" % (header, len(rest), len(fds), show(c.recv(1)) or "eof"))
    c.close()
    if fds:
        End(socket.socket(fileno=fds[0]), say).run(words)


def receiver(addr, *words):
    s = listen(addr)
    ready(addr_text(s.getsockname()))
    n = 0
    while True:
        c, _ = s.accept()
        n += 1
        threading.Thread(target=receive, args=(c, numbered(n), words), daemon=True).start()


def full(addr):
    import signal
    s = listen(addr, 0)
    held = []
    while True:
        c = socket.socket(s.family)
        c.settimeout(0.3)
        held.append(c)
        try:
            c.connect(s.getsockname())
        except TimeoutError:
            break
    ready(addr_text(s.getsockname()))
    signal.pause()


def notify(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    ready(path)
    while True:
        out(show(s.recv(4096)))


def print_hello(arg):
    sys.stdout.buffer.write(hello(arg))


def split_command(args):
    at = args.index("--")
    return args[:at], args[at + 1:]


def fds(*args):
    addrs, command = split_command(args)
    for i, addr in enumerate(addrs):
        s = listen(addr)
        if addr.endswith(":0"):
            sys.stderr.write("bound=%s\n" % addr_text(s.getsockname()))
        os.dup2(s.fileno(), 50 + i)
    for i in range(len(addrs)):
        os.dup2(50 + i, 3 + i)
        os.close(50 + i)
    os.environ.update(LISTEN_FDS=str(len(addrs)), LISTEN_PID=str(os.getpid()))
    os.execvp(command[0], command)


def fd0(addr, *args):
    os.dup2(listen(addr).detach(), 0)
    os.execvp(args[1], args[1:])


def one(kind, *args):
    words, command = split_command(args)
    if kind == "pipes":
        (r1, w1), (r2, w2) = os.pipe(), os.pipe()
        theirs, ours = (r1, w2), Pipes(r2, w1)
    elif kind == "socketpair":
        a, ours = socket.socketpair()
        theirs = (a.detach(),) * 2
    elif kind == "sockets":
        (there, stdin), (back, stdout) = tcp_pair(), tcp_pair()
        out("from=" + addr_text(there.getsockname()))
        theirs, ours = (stdin.detach(), stdout.detach()), Pipes(back.detach(), there.detach())
    else:
        ours, far = tcp_pair(kind if ":" in kind else "127.0.0.1:0")
        theirs = (far.detach(),) * 2
    import subprocess
    child = subprocess.Popen(command, stdin=theirs[0], stdout=theirs[1])
    for fd in set(theirs):
        os.close(fd)
    End(ours, out).run(words)
    out("exit=%d" % child.wait(40))


COMMANDS = {f.__name__: f for f in (client, crowd, herd, loop, slowest, server, receiver, full, notify, fds, fd0, one)}
COMMANDS["hello"] = print_hello


def main():
    threading.stack_size(256 << 10)
    COMMANDS[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
