#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A rehearsal of several nodes with one namespace, on one machine.

Three nodes with sniroute, httpredir, tunneld and routesync, a Redis with a replica and sentinels, clients and visitors
live in network namespaces of their own. Acts are played with them; a table tells how they went.

Exit code: 0 all goals were reached, 1 some were not, 77 this machine does not let us make namespaces.
"""
import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

UNSHARE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
PR_SET_PDEATHSIG = 1


def parse_args():
    from acts import ACTS
    from measure import WHAT
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--bin", default=os.path.join(HERE, "../../build/bin"), help="where the tools are")
    p.add_argument("--short", action="store_true", help="a form of about a minute")
    p.add_argument("--act", action="append", metavar="NAME", choices=ACTS, help="play this act alone (repeatable)")
    p.add_argument("--patience", type=float, default=1, metavar="N",
                   help="on a busy machine: N times the seconds of all goals")
    p.add_argument("--list", action="store_true", help="name the acts and exit")
    p.add_argument("--measure", nargs="*", metavar="WHAT", choices=WHAT,
                   help="print figures instead (all, or those named: %s)" % ", ".join(WHAT))
    p.add_argument("--keep", metavar="DIR", help="work in DIR and leave it there")
    p.add_argument("--inside", metavar="DIR", help=argparse.SUPPRESS)
    return p.parse_args()


# ---- outside: namespaces that end with us ----

def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def how_to_unshare():
    for more in ([], ["--map-root-user"]):
        if subprocess.run(UNSHARE + more + ["true"], capture_output=True).returncode == 0:
            return UNSHARE + more
    return None


def outside(args):
    """Whatever happens, no process and no namespace is left: they are those of one process, which dies with us."""
    unshare = how_to_unshare()
    for tool in ("redis-server", "redis-sentinel", "redis-cli", "ip", "nsenter", "openssl"):
        if shutil.which(tool) is None:
            print("skip: no " + tool)
            return 77
    if unshare is None:
        print("skip: no right to make namespaces")
        return 77
    folder = args.keep or tempfile.mkdtemp(prefix="fleet.")
    os.makedirs(folder, exist_ok=True)
    argv = unshare + [sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:], "--inside", folder]
    child = subprocess.Popen(argv, preexec_fn=die_with_parent)
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        return child.wait()
    except KeyboardInterrupt:
        return 1
    finally:
        child.kill()
        child.wait()
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


# ---- inside ----

def homes(nodes):
    """Where the first clients connect to: three have a second node, three have not."""
    a, b, c = nodes
    return [[a, b], [b, c], [c, a], [a], [b], [c]]


def build(args):
    from world import World
    world = World(args.inside, os.path.abspath(args.bin), keys=70 if args.short else 206)
    world.short = args.short
    world.patience = args.patience
    world.crowd = 60 if args.short else 200
    world.many = 20000 if args.short else 100000
    world.start_clients(homes(world.nodes))
    return world


def line(name, result):
    seconds = "-" if result.seconds is None else "%.1f" % result.seconds
    print("%-18s %9d %7d %9s  %-26s %s" % (name, result.visits, result.failed, seconds, result.goal,
                                           "reached" if result.reached else "MISSED"), flush=True)
    for text in result.more:
        print("    " + text, flush=True)


def play(world, names):
    from acts import ACTS
    from space import NotInTime
    reached = True
    print("%-18s %9s %7s %9s  %-26s %s" % ("act", "requests", "failed", "seconds", "goal", ""), flush=True)
    for name in names:
        began = time.monotonic()
        try:
            result = ACTS[name](world)
        except NotInTime as e:
            print("%-18s broke off: %s" % (name, e), flush=True)
            return False
        line(name, result)
        if "FLEET_TIMES" in os.environ:
            print("    %.1f s in all" % (time.monotonic() - began))
        reached = reached and result.reached
    return reached


def show_logs(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".log") and name[:2] in ("a.", "b.", "c."):
            with open(os.path.join(folder, name), errors="replace") as f:
                lines = [x for x in f if " conn=" not in x]
            print("---- %s\n%s" % (name, "".join(lines[-20:])), file=sys.stderr)


def inside(args):
    from acts import ACTS
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    names = args.act or list(ACTS)
    try:
        if args.measure is not None:
            import measure
            return measure.main(args)
        reached = play(build(args), names)
    except Exception:
        traceback.print_exc()
        reached = False
    if not reached:
        show_logs(args.inside)
    return 0 if reached else 1


def main():
    args = parse_args()
    if args.list:
        from acts import ACTS
        print("\n".join(ACTS))
        return 0
    if args.inside:
        code = inside(args)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)      # whatever still runs ends with us
    return outside(args)


sys.exit(main())
