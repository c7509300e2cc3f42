# SPDX-License-Identifier: ISC
"""Visitors: requests by Host and by SNI through a node, one connection each, and the record of how they went."""
import json
import socket
import ssl
import threading
import time
from collections import namedtuple

from space import until

HTTP_PORT, TLS_PORT = 80, 443
KINDS = ("http", "tls")

# What was asked, when (monotonic seconds), and why it failed: None when the right service saw the right visitor.
Visit = namedtuple("Visit", "node name kind began took why")

# Not checked: who serves a name is what the answer tells.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE


def get(address, kind, name, timeout):
    """The status and body of GET / for that name, and our own address."""
    sock = socket.create_connection((address, TLS_PORT if kind == "tls" else HTTP_PORT), timeout)
    with sock:
        ours = "%s:%d" % sock.getsockname()
        deadline = time.monotonic() + timeout
        if kind == "tls":
            sock = TLS.wrap_socket(sock, server_hostname=name)
        with sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % name.encode())
            answer = b""
            while True:
                sock.settimeout(max(deadline - time.monotonic(), 0.001))
                more = sock.recv(65536)
                if not more:
                    break
                answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode("ascii", "replace"), body, ours


def wrong(answer, client):
    """What is wrong with an answer; None: nothing."""
    status, body, ours = answer
    if not status.startswith("HTTP/1.1 200"):
        return status or "no answer"
    try:
        told = json.loads(body)
    except ValueError:
        return "a broken answer"
    if told["client"] != client:
        return "answered by " + told["client"]
    return None if told["source"] == ours else "came from %s, not %s" % (told["source"], ours)


def visit(node, kind, name, client, timeout=3.0):
    began = time.monotonic()
    try:
        why = wrong(get(node.address, kind, name, timeout), client)
    except (TimeoutError, socket.timeout):
        why = "timeout"
    except (OSError, ssl.SSLError) as e:
        why = getattr(e, "reason", None) or e.strerror or type(e).__name__
    return Visit(node, name, kind, began, time.monotonic() - began, why)


class Load:
    """Visitors who come again and again by every way, a list of (node, name, client), until the end of a with block."""

    def __init__(self, world, ways, visitors=4, rate=60.0, timeout=3.0):
        self.space, self.timeout = world.visitors, timeout * world.patience
        self.ways = [(node, kind, name, client) for node, name, client in ways for kind in KINDS]
        self.pause = visitors / rate
        self.visits, self.over = [], threading.Event()
        self.under_way = [float("inf")] * visitors     # since when, a visitor each
        self.threads = [threading.Thread(target=self.run, args=(i, visitors), daemon=True) for i in range(visitors)]

    def run(self, first, step):
        self.space.enter()
        at = first
        due = time.monotonic() + self.pause * first / step
        while not self.over.wait(max(due - time.monotonic(), 0)):
            self.under_way[first] = time.monotonic()
            self.visits.append(visit(*self.ways[at % len(self.ways)], self.timeout))
            self.under_way[first] = float("inf")
            at += step
            due = max(due + self.pause, time.monotonic() - self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def rounds(self, n=1, limit=60):
        """Wait until every way was gone n times more, from now on."""
        wanted, at = dict.fromkeys(((w[0], w[2], w[1]) for w in self.ways), n), len(self.visits)
        since = time.monotonic()

        def gone():
            nonlocal at
            for v in self.visits[at:]:
                at += 1
                if v.began >= since and wanted.get(v[:3], 0) > 0:
                    wanted[v[:3]] -= 1
            return not any(wanted.values())
        until(gone, limit, "visitors are slow")

    def answered(self, limit=60):
        """Wait until all who are under way now have their answer, or have given up."""
        since = time.monotonic()
        until(lambda: min(self.under_way) > since, limit, "visitors are slow")


def failures(visits):
    return [v for v in visits if v.why]


def back_after(visits, since):
    """Seconds from since until the last of the ways that failed was good again, and stayed so; inf: never."""
    last_bad, back = {}, {}
    for v in sorted(visits, key=lambda v: v.began):
        way = v[:3]
        if v.why:
            last_bad[way] = v
            back.pop(way, None)
        elif way in last_bad and way not in back:
            back[way] = v.began + v.took - since
    return max((back.get(way, float("inf")) for way in last_bad), default=0.0)
