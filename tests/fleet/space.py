# SPDX-License-Identifier: ISC
"""Network namespaces joined by one bridge, programs that run in them, and waiting."""
import ctypes
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


class NotInTime(Exception):
    pass


def until(condition, limit, what, pause=0.02):
    """Wait until condition() is true; what it returned."""
    deadline = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise NotInTime("not within %g s: %s" % (limit, what))
        time.sleep(pause)


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more).stdout


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def in_thread(function):
    """The result of function(), called in a thread of its own, whose namespace is nobody else's."""
    box = []

    def call():
        try:
            box.append((function(), None))
        except OSError as e:
            box.append((None, e))
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    result, error = box[0]
    if error:
        raise error
    return result


class Space:
    """A network namespace with one address on the bridge of ours, where run() and this process are."""

    count = 0

    @staticmethod
    def bridge():
        run("ip", "link", "add", "name", "bridge0", "type", "bridge", "stp_state", "0", "forward_delay", "0")
        run("ip", "link", "set", "dev", "bridge0", "up")

    def __init__(self, address):
        Space.count += 1
        self.address = address
        self.port = "port%d" % Space.count      # our end of its cable
        self.mac = "02:77:" + ":".join("%02x" % int(n) for n in address.split("."))
        self.fd = in_thread(self.make)
        self.path = "/proc/%d/fd/%d" % (os.getpid(), self.fd)
        run("ip", "link", "add", "name", self.port, "type", "veth", "peer", "name", "eth0")
        run("ip", "link", "set", "dev", "eth0", "netns", self.path)
        self.ip("link set dev eth0 address " + self.mac, "address add %s/16 dev eth0" % address,
                "link set dev lo up", "link set dev eth0 up")
        run("ip", "link", "set", "dev", self.port, "master", "bridge0", "up")

    @staticmethod
    def make():
        checked(libc.unshare(CLONE_NEWNET))
        return os.open("/proc/self/task/%d/ns/net" % threading.get_native_id(), os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        """For the thread that calls it, for good."""
        checked(libc.setns(self.fd, CLONE_NEWNET))

    def within(self, function):
        def call():
            self.enter()
            return function()
        return in_thread(call)

    def ip(self, *commands):
        run("nsenter", "--net=" + self.path, "ip", "-batch", "-", input="\n".join(commands) + "\n")

    def cable(self, up):
        run("ip", "link", "set", "dev", self.port, "up" if up else "down")

    def lose_sight_of(self, other, lost):
        """Frames for the other go nowhere: a link cut between the two alone."""
        if lost:
            self.ip("neigh replace %s lladdr 02:00:00:00:00:66 dev eth0 nud permanent" % other.address)
        else:
            self.ip("neigh replace %s lladdr %s dev eth0 nud reachable" % (other.address, other.mac))

    def listen(self, port):
        """A listening socket there, to be held for programs that come and go."""
        return self.within(lambda: socket.create_server((self.address, port), backlog=1024))


class Program:
    """A program in a namespace, its output in a log. ready: it has -n, and wait_ready() waits for its line."""

    all = []

    def __init__(self, space, log, argv, ready=True, stdin=subprocess.DEVNULL):
        self.log = log
        self.ready_fd = None
        fds = ()
        argv = ["nsenter", "--net=" + space.path] + list(argv)
        if ready:
            self.ready_fd, w = os.pipe()
            argv += ["-n", str(w)]
            fds = (w,)
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=out, pass_fds=fds)
        for fd in fds:
            os.close(fd)
        self.pid = self.popen.pid
        Program.all.append(self)

    def wait_ready(self, limit=20):
        if self.ready_fd is None:
            return self
        readable, _, _ = select.select([self.ready_fd], [], [], limit)
        line = os.read(self.ready_fd, 4096) if readable else b""
        os.close(self.ready_fd)
        self.ready_fd = None
        if not line:
            raise NotInTime("%s was not ready: %s" % (self.log, self.last_words()))
        return self

    def last_words(self):
        with open(self.log, "rb") as f:
            return f.read()[-2000:].decode(errors="replace")

    def signal(self, number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(number)

    def wait(self, limit=40):
        try:
            code = self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            raise NotInTime("%s did not end" % self.log) from None
        if self in Program.all:
            Program.all.remove(self)
        if self.ready_fd is not None:
            os.close(self.ready_fd)
            self.ready_fd = None
        return code

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self):
        self.signal()
        self.wait()


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, "rb") as f:
        fields = f.read().rsplit(b")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(pid, field="VmRSS"):
    """Its own memory by /proc/PID/status, or with field=Pss its share of it."""
    path = "/proc/%d/%s" % (pid, "smaps_rollup" if field == "Pss" else "status")
    with open(path) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(field + ":"))


def scrape(path):
    """The metrics served on that socket by their names, labels and all."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    return {m: float(v) for m, v in re.findall(r"(?m)^([a-z_]+(?:\{[^}]*\})?) ([-0-9.e+]+)$", text)}
