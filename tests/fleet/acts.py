# SPDX-License-Identifier: ISC
"""What is played, and what is asked of each act."""
import os
import threading
import time
from collections import namedtuple

from space import until
from visitors import Load, back_after, failures, visit
from world import Client

# What an act came to. seconds: how long it took to recover, None where nothing has to; more: lines for the curious.
Result = namedtuple("Result", "visits failed seconds goal reached more")


def told(visits, limit=5):
    """The first failed visits in words."""
    return ["%s %s by %s: %s after %.2f s" % (v.kind, v.name.split(".")[0][:12], v.node, v.why, v.took)
            for v in failures(visits)[:limit]]


def judge(world, visits, seconds, most, goal, more=()):
    """Whether nothing failed and it took no longer than the most; %g in the goal stands for that."""
    bad, most = len(failures(visits)), most * world.patience
    return Result(len(visits), bad, seconds, goal % most if "%" in goal else goal,
                  bad == 0 and (seconds is None or seconds <= most), list(more) + told(visits))


def reachable(world, client, limit):
    """Wait until every name of a client is served by every node."""
    ways = world.ways(clients=[client])

    def served():
        results = [world.visitors.within(lambda: visit(node, kind, name, who, 2)) for node, name, who in ways
                   for kind in ("http", "tls")]
        return not failures(results)
    until(served, limit, "%s is served everywhere" % client.client)


def with_second_node(world, node=None):
    return [c for c in world.clients if len(c.nodes) > 1 and (node is None or node in c.nodes)]


def moves(world):
    """The client that moves about, and all others."""
    mover = next(c for c in world.clients if len(c.nodes) == 1)
    return mover, [c for c in world.clients if c is not mover]


# ---- the acts ----

def normal(world):
    """Every name by every node."""
    with Load(world, world.ways()) as load:
        load.rounds(1 if world.short else 5)
    return judge(world, load.visits, None, 0, "0 failed")


def killed(world):
    """A node's plug is pulled. Visitors are with the other two."""
    victim, *others = world.nodes
    bystanders = [c for c in world.clients if victim not in c.nodes]
    moved = world.ways(others, with_second_node(world, victim))
    with Load(world, world.ways(others, bystanders)) as load, \
            Load(world, moved, visitors=2 * len(moved), rate=8 * len(moved), timeout=1 / world.patience) as hit:
        load.rounds()
        hit.rounds()
        began = time.monotonic()
        victim.kill()
        until(lambda: not any(victim.address in open(n.path("peers")).read() for n in others), 30, "it is forgotten")
        load.rounds(2)
        hit.rounds(4)
    victim.revive()
    world.settle()
    more = "of %d more requests to its own names %d failed meanwhile" % (len(hit.visits), len(failures(hit.visits)))
    return judge(world, load.visits, back_after(hit.visits, began), world.ttl + 1, "0 failed, back in %g s", [more])


def restarted(world):
    """All nodes, one after another, under load; held sockets, so a connection has to wait at most."""
    ways = world.ways(clients=with_second_node(world))
    with Load(world, ways, visitors=12, rate=60 if world.short else 200, timeout=15) as load:
        load.rounds()
        for node in world.nodes:
            node.restart()
            world.settle()
        load.rounds()
    longest = max(v.took for v in load.visits)
    return judge(world, load.visits, None, 0, "0 failed", ["the longest request took %.1f s" % longest])


def failed_over(world):
    """The store's master dies; a client moves before the sentinels have another."""
    mover, others = moves(world)
    home = mover.nodes
    with Load(world, world.ways(clients=others)) as load:
        load.rounds()
        world.redis.fail_over()
        mover.move([world.nodes[2]])
        until(world.redis.promoted, 30, "a new master")
        began = time.monotonic()
        reachable(world, mover, 60)
        seconds = time.monotonic() - began
        load.rounds()
    world.redis.mend()
    mover.move(home)
    world.settle()
    return judge(world, load.visits, seconds, 10, "0 failed, moved in %g s")


def forgotten(world):
    """The store is gone for a while, and comes back empty; a client moves meanwhile."""
    mover, others = moves(world)
    home = mover.nodes
    with Load(world, world.ways(clients=others)) as load:
        load.rounds()
        for server in world.redis.servers:
            server.kill()
        mover.move([world.nodes[1]])
        for node in world.nodes:
            until(lambda: node.scrape("routesync").get("routesync_store_up") == 0, 20, "%s misses it" % node)
        load.rounds(2 if world.short else 10)
        world.redis.start()
        began = time.monotonic()
        reachable(world, mover, 60)
        seconds = time.monotonic() - began
        world.settle()
        load.rounds(2)
    mover.move(home)
    world.settle()
    return judge(world, load.visits, seconds, 10, "0 failed, moved in %g s")


def cut(world):
    """Two nodes do not see each other, but everybody else sees them."""
    a, b, c = world.nodes
    ways = [w for client in world.clients for w in world.ways(clients=[client])
            if w[0] is c or w[0] in client.nodes or c in client.nodes]
    beyond = [client for client in world.clients if client.nodes in ([a], [b])]
    with Load(world, ways, visitors=24, rate=100, timeout=8) as load:
        load.rounds()
        a.space.lose_sight_of(b.space, True)
        b.space.lose_sight_of(a.space, True)
        load.rounds(2 if world.short else 6, 120)
        load.answered()
        a.space.lose_sight_of(b.space, False)
        b.space.lose_sight_of(a.space, False)
        began = time.monotonic()
        for client in beyond:
            reachable(world, client, 60)
        seconds = time.monotonic() - began
        load.rounds()
    longest = max(v.took for v in load.visits)
    return judge(world, load.visits, seconds, 5, "0 failed, whole in %g s",
                 ["the longest request took %.1f s" % longest])


class Sampler:
    """The highest tunneld_logins seen, looked at as often as it can be."""

    def __init__(self, node):
        self.node, self.highest, self.looks, self.over = node, 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.wait(0.005):
            self.highest = max(self.highest, self.node.scrape().get("tunneld_logins", 0))
            self.looks += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def crowd_returns(node, wanted, how):
    """A server goes and comes: seconds until all its clients are back, and the most logins at once."""
    tunneld = node.programs["tunneld"]
    how(tunneld)
    node.start_one("tunneld")
    node.programs["tunneld"].wait_ready()
    began = time.monotonic()
    with Sampler(node) as sampler:
        until(lambda: node.sessions() >= wanted, 120, "they are all back", 0.01)
        seconds = time.monotonic() - began
    return seconds, sampler


def crowd(world):
    """Many clients of one server when it crashes, and when it is restarted."""
    node = world.nodes[1]
    first = len(world.clients)
    extra = [Client(world, first + i, [node]).start() for i in range(world.crowd)]
    for client in extra:
        client.program.wait_ready(60)
    wanted = len(node.clients()) + len(extra)
    crashed, a = crowd_returns(node, wanted, lambda program: program.kill())
    restarted_s, b = crowd_returns(node, wanted, lambda program: program.stop())
    visits = [world.visitors.within(lambda: visit(node, "http", c.names[1], c.client, 5)) for c in extra]
    for client in extra:
        client.program.kill()
    world.settle()
    seconds, highest = max(crashed, restarted_s), max(a.highest, b.highest)
    result = judge(world, visits, seconds, 10, "back in %g s, 50 logins",
                   ["crash: %.1f s, %d logins at once; restart: %.1f s, %d logins; %d looks" %
                    (crashed, a.highest, restarted_s, b.highest, a.looks + b.looks)])
    return result._replace(reached=result.reached and highest <= 50)


# ---- a large namespace ----

BIG = "big.test"


def big_lines(n, target, moved=()):
    """A routes file of n names; moved: (number, target) of those elsewhere."""
    lines = ["h%07d.%s http=%s proxy=v2\n" % (i, BIG, target) for i in range(n)]
    for i, other in moved:
        lines[i] = "h%07d.%s http=%s proxy=v2\n" % (i, BIG, other)
    return "#!routes sorted\n" + "".join(lines)


def replace(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


class Big:
    """Names published by a node beside its own, which lead to two services: everybody is at old, some move to new."""

    def __init__(self, world, n):
        self.world, self.n, self.file = world, n, world.path("big")
        self.ports = {"old": 41000, "new": 41001}
        site = world.sites[0]
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "service.py")
        self.services = world.program(site, "big.service", [
            "python3", "-SE", script, site.address, world.path("service.pem"), "old=41000", "new=41001"], ready=False)
        self.target = {who: "%s:%d" % (site.address, port) for who, port in self.ports.items()}
        replace(self.file, big_lines(n, self.target["old"]))
        self.publish = world.program(world.nodes[0].space, "big.publish", [
            world.binary("routesync"), "--publish", self.file, "--ttl", "60", world.redis.source])

    def wait(self, limit=120):
        """Until everybody has all of it."""
        self.publish.wait_ready(limit)
        for node in self.world.nodes:
            until(lambda: node.scrape("routesync").get("routesync_routes", 0) >= self.n, limit,
                  "%s has all names" % node, 0.1)
            until(lambda: self.served(node, self.n - 1, "old"), limit, "%s serves all names" % node)

    def served(self, node, i, who):
        return self.world.visitors.within(lambda: visit(node, "http", "h%07d.%s" % (i, BIG), who, 2)).why is None

    def update(self, i):
        """Seconds from a line that changed until every other node serves it so."""
        text = big_lines(self.n, self.target["old"], [(i, self.target["new"])])
        began = time.monotonic()
        replace(self.file, text)
        for node in self.world.nodes[1:]:
            until(lambda: self.served(node, i, "new"), 60, "%s serves the new line" % node, 0.01)
        return time.monotonic() - began

    def arrival(self, client):
        """The same from a client's welcome."""
        client.start().program.wait_ready()
        began = time.monotonic()
        for node in self.world.nodes[1:]:
            until(lambda: self.world.visitors.within(      # who comes too early is parked, and would wait
                lambda: visit(node, "http", client.names[1], client.client, 0.3)).why is None, 60, "served", 0.01)
        return time.monotonic() - began

    def end(self):
        """All of it goes; that is a loss somebody has to confirm."""
        self.publish.stop()
        self.services.kill()
        for node in self.world.nodes:
            until(lambda: self.confirm(node), 60, "%s gave them up" % node, 0.2)

    def confirm(self, node):
        metrics = node.scrape("routesync")
        if metrics.get("routesync_held_routes", 0) > 0:
            node.programs["routesync"].signal(10)
        return metrics.get("routesync_routes", self.n) < self.n // 2


def many(world):
    """A change of one name among very many, and a client that arrives."""
    big = Big(world, world.many)
    big.wait()
    times = [big.update(i) for i in range(2 if world.short else 8)]
    mover, _ = moves(world)
    arrivals = []
    for _ in range(1 if world.short else 4):
        mover.program.kill()
        for node in world.nodes[1:]:
            until(lambda: mover.names[1] not in open(node.path("peers")).read(), 30, "it is forgotten")
            until(node.has_read, 30, "%s has read that" % node)
        arrivals.append(big.arrival(mover))
    with Load(world, world.ways()) as load:
        load.rounds()
    big.end()
    world.settle()
    return judge(world, load.visits, max(times + arrivals), 2, "0 failed, served in %g s",
                 ["%d names; changes: %s s; arrivals: %s s" % (
                     world.many, " ".join("%.2f" % t for t in times), " ".join("%.2f" % t for t in arrivals))])


ACTS = {
    "normal": normal,
    "node killed": killed,
    "rolling restart": restarted,
    "store failed over": failed_over,
    "store lost": forgotten,
    "link cut": cut,
    "clients return": crowd,
    "many names": many,
}
