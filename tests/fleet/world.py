# SPDX-License-Identifier: ISC
"""Three nodes, Redis with a replica and sentinels, and tunnel clients: the fleet that is played with."""
import os
import shutil
import subprocess

from space import Program, Space, run, scrape, until

DOMAIN = "tun.test"
NODES, STORES, SENTINELS, SITES, VISITORS = 1, 2, 3, 4, 5     # third numbers of addresses: 10.77.N.x
TUNNEL_PORT, PEER_PORT, METRICS_PORT = 18000, 18001, 9100


class Redis:
    """A server and its replica, and three sentinels that see to them."""

    DOWN_AFTER_MS = 1000

    def __init__(self, world):
        self.world = world
        self.spaces = [Space("10.77.%d.%d" % (STORES, i)) for i in (1, 2)]
        self.servers = [None, None]
        self.master = 0
        self.sentinels = [self.sentinel(i) for i in (1, 2, 3)]
        self.start()
        until(self.sentinels_agree, 30, "the sentinels see each other and the replica")
        self.source = "redis+sentinel://%s/fleet" % ",".join(space.address for space in self.sentinels)

    def sentinel(self, i):
        space = Space("10.77.%d.%d" % (SENTINELS, i))
        conf = self.world.path("sentinel%d.conf" % i)
        with open(conf, "w") as f:
            f.write("port 26379\nbind %s\nprotected-mode no\ndir %s\n" % (space.address, self.world.folder))
            f.write("sentinel monitor fleet %s 6379 2\n" % self.spaces[0].address)
            f.write("sentinel down-after-milliseconds fleet %d\n" % self.DOWN_AFTER_MS)
            f.write("sentinel failover-timeout fleet 4000\n")
        self.world.program(space, "sentinel%d" % i, ["redis-sentinel", conf], ready=False)
        return space

    def start_server(self, i, replica_of=None):
        argv = ["redis-server", "--port", "6379", "--bind", self.spaces[i].address, "--protected-mode", "no", "--save",
                "", "--appendonly", "no", "--notify-keyspace-events", "KA", "--repl-diskless-sync-delay", "0", "--dir",
                self.world.folder]
        if replica_of is not None:
            argv += ["--replicaof", self.spaces[replica_of].address, "6379"]
        self.servers[i] = self.world.program(self.spaces[i], "redis%d" % i, argv, ready=False)

    def start(self):
        """Both, empty."""
        self.start_server(self.master)
        self.start_server(1 - self.master, self.master)
        until(lambda: "master_link_status:up" in self.ask(1 - self.master, "info", "replication"), 30, "a replica")

    def ask(self, i, *words, port=6379, space=None):
        """What a server says to a command, as redis-cli prints it; nothing while it does not answer."""
        space = space or self.spaces[i]
        argv = ["nsenter", "--net=" + space.path, "redis-cli", "-h", space.address, "-p", str(port), *words]
        return subprocess.run(argv, capture_output=True, text=True).stdout

    def sentinels_agree(self):
        for space in self.sentinels:
            master = self.ask(0, "sentinel", "master", "fleet", port=26379, space=space).split("\n")
            told = dict(zip(master[::2], master[1::2]))
            if told.get("num-slaves") != "1" or told.get("num-other-sentinels") != "2" or told.get("flags") != "master":
                return False
            replica = self.ask(0, "sentinel", "replicas", "fleet", port=26379, space=space)
            if "s_down" in replica or "master-link-status\nok" not in replica:
                return False
        return True

    def fail_over(self):
        """Kill the master; the other is it once the sentinels say so."""
        self.servers[self.master].kill()
        self.master = 1 - self.master

    def promoted(self):
        return self.ask(self.master, "role").startswith("master\n")

    def mend(self):
        """The killed server comes back, as a replica."""
        self.start_server(1 - self.master, self.master)
        until(self.sentinels_agree, 60, "the sentinels see a replica again")


class Node:
    """Five programs. The sockets of sniroute and httpredir are held while they restart, as systemd does."""

    def __init__(self, world, i):
        self.world, self.name = world, "abc"[i]
        self.space = Space("10.77.%d.%d" % (NODES, i + 1))
        self.address = self.space.address
        self.folder = world.path(self.name)
        os.mkdir(self.folder)
        self.tls_door, self.http_door = self.space.listen(443), self.space.listen(80)
        self.programs = {}
        with open(self.path("routes"), "w") as f:
            f.write("*.%s tls=pass:%s http=unix:%s proxy=v2\n" % (DOMAIN, self.path("visitors"), self.path("visitors")))
        for file in ("local", "peers"):
            open(self.path(file), "w").close()

    def __repr__(self):
        return self.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def routes(self):
        return [word for file in ("local", "peers", "routes") for word in ("-r", self.path(file))]

    def start_one(self, tool):
        world, stdin = self.world, subprocess.DEVNULL
        if tool == "tunneld":
            peer = "%s:%d" % (self.address, PEER_PORT)
            argv = ["-l", "%s:%d" % (self.address, TUNNEL_PORT), "-i", world.path("server.key"), "--domain", DOMAIN,
                    "-a", world.path("authorized"), "--visitors", "unix:" + self.path("visitors"), "--visitors", peer,
                    "--peers", "10.77.%d.0/24" % NODES, "--clients", self.path("clients"), "--advertise", peer,
                    "--local", self.path("local"), "-m", "unix:" + self.path("tunneld.metrics"), "-g", "10"]
        elif tool == "publish":
            argv = ["--publish", self.path("clients"), "--ttl", str(world.ttl), world.redis.source]
        elif tool == "routesync":
            argv = ["-o", self.path("peers"), "-m", "unix:" + self.path("routesync.metrics"), world.redis.source]
        else:
            argv = self.routes() + ["-m", "unix:" + self.path(tool + ".metrics"), "-g", "10"]
            stdin = self.tls_door if tool == "sniroute" else self.http_door
        binary = "routesync" if tool == "publish" else tool
        argv = [world.binary(binary), "--log-time"] + argv
        self.programs[tool] = world.program(self.space, self.name + "." + tool, argv, stdin=stdin)

    def start(self):
        """All at once, as a supervisor would."""
        for tool in ("tunneld", "publish", "routesync", "sniroute", "httpredir"):
            self.start_one(tool)
        self.wait_ready()
        return self

    def wait_ready(self):
        for program in self.programs.values():
            program.wait_ready()

    def restart(self):
        """TERM to all at once; each is started again as soon as it has ended."""
        running = dict(self.programs)
        for program in running.values():
            program.signal()
        for tool in ("routesync", "publish", "httpredir", "sniroute", "tunneld"):
            running[tool].wait()
            self.start_one(tool)
        self.wait_ready()

    def kill(self):
        """The plug is pulled: the cable first, or kernels would say goodbye."""
        self.space.cable(False)
        for program in self.programs.values():
            program.kill()

    def revive(self):
        self.space.cable(True)
        self.start()

    def scrape(self, tool="tunneld"):
        """Metrics by name, labels and all."""
        try:
            return scrape(self.path(tool + ".metrics"))
        except OSError:
            return {}

    def has_read(self):
        """Whether the tables in use are as long as the files."""
        lines = 0
        for path in self.routes()[1::2]:
            with open(path) as f:
                lines += sum(1 for line in f if line[0] not in "#\n")
        return all(self.scrape(tool).get(tool + "_routes_lines") == lines for tool in ("sniroute", "httpredir"))

    def sessions(self):
        return self.scrape().get("tunneld_sessions", -1)

    def clients(self):
        """Of the fleet, who should have a session here."""
        return [c for c in self.world.clients if self in c.nodes]


class Client:
    """tunnelc with two services; which namespace it lives in is decided by its number."""

    def __init__(self, world, number, nodes):
        self.world, self.number, self.nodes = world, number, nodes
        self.client = "c%d" % number
        self.site = world.sites[number % len(world.sites)]
        self.key = world.path("keys/" + self.client)
        self.id = world.ids[number]
        self.names = [self.id + "." + DOMAIN, self.client + "." + DOMAIN]
        self.program = None

    def start(self):
        world = self.world
        argv = [world.binary("tunnelc"), "--log-time", "-k", world.server, "-i", self.key, "-g", "10",
                "http=127.0.0.1:%d" % (20000 + self.number), "tls=127.0.0.1:%d" % (30000 + self.number),
                "proxy=v%d" % (1 + self.number % 2)]
        for node in self.nodes:
            argv += ["-s", "%s:%d" % (node.address, TUNNEL_PORT)]
        self.program = world.program(self.site, self.client, argv)
        return self

    def move(self, nodes):
        """Gone without a word, and back elsewhere with the same key."""
        self.program.kill()
        self.nodes = nodes
        self.start().program.wait_ready()


class World:
    """Everything; BIN is where the tools are, clients how many keys there are."""

    def __init__(self, folder, bin_folder, keys=12, sites=4, ttl=3):
        self.folder, self.bin, self.ttl = folder, bin_folder, ttl
        self.make_keys(keys)
        Space.bridge()
        self.sites = [Space("10.77.%d.%d" % (SITES, i + 1)) for i in range(sites)]
        self.visitors = Space("10.77.%d.1" % VISITORS)
        self.redis = Redis(self)
        self.nodes = [Node(self, i) for i in range(3)]
        self.start_services(keys)
        for node in self.nodes:
            node.start()
        self.clients = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def binary(self, tool):
        return os.path.join(self.bin, tool)

    def program(self, space, name, argv, **how):
        return Program(space, self.path(name + ".log"), argv, **how)

    def new_key(self, path):
        return run(self.binary("tunnelc"), "--new-key", path).strip()

    def make_keys(self, n):
        os.mkdir(self.path("keys"))
        self.server = self.new_key(self.path("server.key"))
        self.ids = [self.new_key(self.path("keys/c%d" % i)) for i in range(n)]
        with open(self.path("authorized"), "w") as f:
            for i, ident in enumerate(self.ids):
                f.write("%s names=c%d.%s\n" % (ident, i, DOMAIN))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=service", "-keyout", self.path("service.key"), "-out", self.path("service.crt"))
        with open(self.path("service.pem"), "w") as f:
            for part in ("service.key", "service.crt"):
                with open(self.path(part)) as text:
                    shutil.copyfileobj(text, f)

    def start_services(self, n):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "service.py")
        for i, site in enumerate(self.sites):
            words = ["c%d=%d,%d" % (c, 20000 + c, 30000 + c) for c in range(i, n, len(self.sites))]
            argv = ["python3", "-SE", script, "127.0.0.1", self.path("service.pem")] + words
            self.program(site, "service%d" % i, argv, ready=False)
        for i in range(len(self.sites)):
            until(lambda: os.path.getsize(self.path("service%d.log" % i)) > 0, 20, "services")

    def start_clients(self, homes):
        """A client for every group of nodes; until its names are everywhere."""
        self.clients = [Client(self, i, nodes).start() for i, nodes in enumerate(homes)]
        for client in self.clients:
            client.program.wait_ready()
        self.settle()

    def settle(self, limit=60):
        """Every node has its clients, and every other node knows of them."""
        for node in self.nodes:
            wanted = len(node.clients())
            until(lambda: node.sessions() == wanted, limit, "%s has its %d clients" % (node, wanted))
        for node in self.nodes:
            until(lambda: self.knows_all(node), limit, "%s knows all names" % node)
            until(node.has_read, limit, "%s has read its routes" % node)

    def knows_all(self, node):
        """Every name with every node that serves it is in the file of the other nodes' names."""
        try:
            with open(node.path("peers")) as f:
                lines = dict(line.rstrip("\n").partition(" ")[::2] for line in f if line[0] not in "#\n")
        except FileNotFoundError:
            return False
        return all(other.address + ":" in lines.get(name, "")
                   for client in self.clients for name in client.names for other in client.nodes)

    def ways(self, nodes=None, clients=None):
        """(node, name, client) for every way in."""
        return [(node, name, client.client) for client in (self.clients if clients is None else clients)
                for name in client.names for node in (nodes or self.nodes)]
