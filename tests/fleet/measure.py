# SPDX-License-Identifier: ISC
"""Figures of what many names and many clients cost, for lib/fleet.7: one store, three readers, one node at a time."""
import hashlib
import os
import re
import signal
import socket
import subprocess
import time

from space import Program, Space, cpu_seconds, memory_kib, run, scrape, until

PREFIX = "/tcprouter/live/measure.0000000000000000/"
UPDATES = 1000


def name(i):
    """As long as a client's, and in no order."""
    digest = hashlib.sha256(b"%d" % i).hexdigest()
    return digest[:52] + ".tun.example.org"


def line(i, port=18001):
    return "%s tls=10.77.1.1:%d http=10.77.1.1:%d proxy=v2\n" % (name(i), port, port)


def say(text, *values):
    print(text % values, flush=True)


class Bench:
    """A namespace for all, a store, and what the measurements start in it."""

    def __init__(self, args):
        self.folder, self.bin = args.inside, os.path.abspath(args.bin)
        Space.bridge()
        self.space = Space("10.77.1.1")
        self.sock = self.path("redis.sock")
        self.redis = None
        self.count = 0

    def path(self, file):
        return os.path.join(self.folder, file)

    def tool(self, tool, *argv, ready=True):
        self.count += 1
        return Program(self.space, self.path("%s.%d.log" % (tool, self.count)), [os.path.join(self.bin, tool), *argv],
                       ready=ready)

    def start_redis(self):
        self.redis = Program(self.space, self.path("redis.log"), [
            "redis-server", "--port", "0", "--unixsocket", self.sock, "--save", "", "--appendonly", "no",
            "--notify-keyspace-events", "KA", "--dir", self.folder], ready=False)
        until(lambda: "PONG" in self.ask("ping"), 10, "redis")

    def ask(self, *words, text=None):
        return subprocess.run(["redis-cli", "-s", self.sock, *words], capture_output=True, text=True, input=text).stdout

    def info(self, field):
        return int(re.search(r"(?m)^%s:(\d+)" % field, self.ask("info")).group(1))

    def sets(self, numbers, port=18001):
        """Those names into the store, in one go; they expire in a day."""
        self.ask("--pipe", text="".join('SET %s%s "%s" PX 86400000\n' % (
            PREFIX, name(i), line(i, port).split(" ", 1)[1].strip()) for i in numbers))

    def reader(self, i, *argv):
        return self.tool("routesync", "-o", self.path("peers%d" % i), "-m", "unix:" + self.path("sync%d" % i), *argv,
                         "redis+unix://" + self.sock)

    def has(self, i, n):
        return scrape(self.path("sync%d" % i))["routesync_routes"] == n

    def settle(self, pids):
        """Until those processes have used no CPU for a second."""
        last = [None]

        def quiet():
            now = [cpu_seconds(pid) for pid in pids]
            same, last[0] = now == last[0], now
            return same
        until(quiet, 300, "all is quiet", 1)


# ---- the store and its readers ----

def store(bench, n=100000):
    """Memory, bytes and CPU of the store."""
    bench.start_redis()
    empty = bench.info("used_memory")
    with open(bench.path("live"), "w") as f:
        f.writelines(line(i) for i in range(n))
    publish = bench.tool("routesync", "--publish", bench.path("live"), "--ttl", "86400", "redis+unix://" + bench.sock)
    began = time.monotonic()
    publish.wait_ready(300)
    say("publish: %d names in %.1f s", n, time.monotonic() - began)
    say("store memory: %.0f bytes a name (INFO memory, used_memory before and after)",
        (bench.info("used_memory") - empty) / n)
    readers = [bench.reader(i, "-i", "0") for i in range(3)]
    for i, reader in enumerate(readers):
        reader.wait_ready(120)
        until(lambda: bench.has(i, n), 120, "all names")
    pids = [bench.redis.pid] + [r.pid for r in readers]
    bench.settle(pids)
    updates(bench, n, pids)
    refreshes(bench, n, pids, readers)
    publish.stop()
    renewals(bench, n, pids)
    for program in readers + [bench.redis]:
        program.kill()


def spent(bench, pids, act):
    """CPU seconds of each and bytes from and to the store, for what act() does."""
    cpu = [cpu_seconds(pid) for pid in pids]
    out, came = bench.info("total_net_output_bytes"), bench.info("total_net_input_bytes")
    act()
    bench.settle(pids)
    return ([cpu_seconds(pid) - c for pid, c in zip(pids, cpu)], bench.info("total_net_output_bytes") - out,
            bench.info("total_net_input_bytes") - came)


def updates(bench, n, pids):
    """One by one, as nodes make them."""
    def act():
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(bench.sock)
            for i in range(UPDATES):
                value = line(i, 18002).split(" ", 1)[1].strip()
                words = ["SET", PREFIX.replace("measure", "other") + name(i), value, "PX", "86400000"]
                s.sendall(("*5\r\n" + "".join("$%d\r\n%s\r\n" % (len(w), w) for w in words)).encode())
                s.recv(100)
                time.sleep(0.002)
    cpu, out, came = spent(bench, pids, act)
    say("update, 3 readers, %d names: store sends %.0f bytes, gets %.0f bytes, %.0f us CPU; a reader %.1f ms CPU, many "
        "written together", n, out / UPDATES, came / UPDATES, 1e6 * cpu[0] / UPDATES, 1000 * sum(cpu[1:]) / 3 / UPDATES)


def refreshes(bench, n, pids, readers):
    def act():
        for reader in readers:
            reader.signal(signal.SIGHUP)
    cpu, out, _ = spent(bench, pids, act)
    say("refresh of %d names: store %.3f s CPU, sends %.1f MB; reader %.3f s CPU", n, cpu[0] / 3, out / 3e6,
        sum(cpu[1:]) / 3)


def renewals(bench, n, pids):
    """What --publish does all --ttl / 3."""
    publish = bench.tool("routesync", "--publish", bench.path("live"), "--ttl", "30", "redis+unix://" + bench.sock)
    publish.wait_ready(300)
    bench.settle(pids)

    def renewed():
        found = re.search(r"cmdstat_pexpire:calls=(\d+)", bench.ask("info", "commandstats"))
        return int(found.group(1)) if found else 0

    def act():
        wanted = renewed() + n
        until(lambda: renewed() >= wanted, 60, "a renewal", 0.1)
    cpu, out, came = spent(bench, pids + [publish.pid], act)
    say("renewal of %d names, 3 readers: store %.2f s CPU, sends %.1f MB, gets %.1f MB; reader %.2f s, publisher "
        "%.2f s CPU", n, cpu[0], out / 1e6, came / 1e6, sum(cpu[1:4]) / 3, cpu[4])
    publish.kill()


# ---- files ----

def routesync(bench, sizes=(100000, 1000000)):
    """The file of so many names, and one change of it."""
    for n in sizes:
        bench.start_redis()
        bench.sets(range(n))
        reader = bench.reader(9, "-i", "0").wait_ready(300)
        until(lambda: bench.has(9, n), 300, "all names")
        path = bench.path("peers9")
        bench.settle([reader.pid])
        cpu, times = cpu_seconds(reader.pid), []
        for i in range(10):
            before = os.stat(path).st_ino
            began = time.monotonic()
            bench.sets([i], 18002)
            until(lambda: os.stat(path).st_ino != before, 60, "the change", 0.001)
            times.append(time.monotonic() - began)
        bench.settle([reader.pid])
        say("routesync, %d names: file %.1f MB (%.0f bytes a line), a change is in it after %.2f s (%.2f at worst), "
            "%.2f s CPU, %.0f MB resident", n, os.path.getsize(path) / 1e6, os.path.getsize(path) / n, sum(times) / 10,
            max(times), (cpu_seconds(reader.pid) - cpu) / 10, memory_kib(reader.pid) / 1000)
        reload(bench, n, path)
        reader.kill()
        bench.redis.kill()
        os.unlink(path)


def reload(bench, n, path):
    """sniroute: the same file, read again when it is replaced."""
    router = bench.tool("sniroute", "-l", "10.77.1.1:443", "-r", path, "-m", "unix:" + bench.path("router"))
    router.wait_ready(60)
    memory, table = memory_kib(router.pid), scrape(bench.path("router"))["sniroute_routes_bytes"]
    with open(path) as f:
        text = f.read()
    cpu, times = cpu_seconds(router.pid), []
    reloads = 'sniroute_routes_reloads_total{result="ok"}'
    for i in range(5):
        was = scrape(bench.path("router"))[reloads]
        with open(path + ".new", "w") as f:
            f.write(text + "# %d\n" % i)
        os.rename(path + ".new", path)
        began = time.monotonic()
        until(lambda: scrape(bench.path("router"))[reloads] > was, 60, "a reload", 0.005)
        times.append(time.monotonic() - began)
    say("sniroute, %d names: %.0f MB resident and a table of %.1f MB, shared by its processes; a new file is in use "
        "after %.2f s (noticing it included), %.3f s CPU; %.0f MB resident at most", n, memory / 1000, table / 1e6,
        sum(times) / 5, (cpu_seconds(router.pid) - cpu) / 5, memory_kib(router.pid, "VmHWM") / 1000)
    router.kill()


# ---- clients ----

def clients(bench, sizes=(200, 1000)):
    """Idle clients of one tunneld, and what a login costs."""
    tunneld_argv = ["-l", "10.77.1.1:18000", "-i", bench.path("server.key"), "--domain", "tun.test", "--open",
                    "--visitors", "unix:" + bench.path("visitors"), "-m", "unix:" + bench.path("tunneld"),
                    "--max-logins", "1024"]
    tunnelc = os.path.join(bench.bin, "tunnelc")
    ident = run(tunnelc, "--new-key", bench.path("server.key")).strip()
    for n in sizes:
        server = bench.tool("tunneld", *tunneld_argv).wait_ready()
        empty, began_cpu, began = memory_kib(server.pid), cpu_seconds(server.pid), time.monotonic()
        crowd = []
        for i in range(n):
            key = bench.path("key%d" % i)
            if not os.path.exists(key):
                run(tunnelc, "--new-key", key)
            crowd.append(bench.tool("tunnelc", "-s", "10.77.1.1:18000", "-k", ident, "-i", key, "http=127.0.0.1:1",
                                    ready=False))
        until(lambda: scrape(bench.path("tunneld"))["tunneld_sessions"] == n, 300, "all clients")
        took, cpu = time.monotonic() - began, cpu_seconds(server.pid) - began_cpu
        say("tunneld, %d idle clients: %.1f KiB resident each; a login takes %.2f ms CPU, %.0f a second on one core ("
            "%d in %.1f s here)", n, (memory_kib(server.pid) - empty) / n, 1000 * cpu / n, n / max(cpu, 0.01), n, took)
        began_cpu = cpu_seconds(server.pid)
        time.sleep(30)
        say("  their heartbeats: %.1f us CPU a client and second", 1e6 * (cpu_seconds(server.pid) - began_cpu) / 30 / n)
        say("  a tunnelc: %d KiB resident, %d of it its own", memory_kib(crowd[0].pid),
            memory_kib(crowd[0].pid, "RssAnon"))
        for program in crowd + [server]:
            program.kill()


WHAT = {"store": store, "routesync": routesync, "clients": clients}


def main(args):
    bench = Bench(args)
    print("# %s, %d cores" % (os.uname().release, os.cpu_count()))
    for what in args.measure or WHAT:
        WHAT[what](bench)
    return 0
