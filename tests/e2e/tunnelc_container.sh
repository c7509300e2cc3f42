#!/bin/sh
# SPDX-License-Identifier: ISC
# The static tunnelc as the first process of a container: a root directory with nothing in it but its key.
. "${0%/*}/lib.sh"
own_network

unshare -p -m -f true 2>/dev/null || skip "no right to make a pid namespace"
mkdir -p "$ROOT/build-static"
flock "$ROOT/build-static" env -u MAKEFLAGS make -C "$ROOT" -s --no-print-directory static TOOLS=tunnelc >make.out 2>&1 ||
	fail "$(cat make.out)"
lacks "$(cat make.out)" 'build-static/(lib|tunnelc).*statically linked'	# libraries warn of what we never call
mkdir root
cp "$ROOT/build-static/bin/tunnelc" root/
has "$(ldd root/tunnelc 2>&1)" 'not a dynamic executable'
${CC:-gcc} -static -o root/orphans -x c - <<'END'
#include <stdio.h>
#include <unistd.h>
int
main(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0 && (fork() != 0 || usleep(i * 20000) == 0))
			_exit(i);
	printf("first process is %d\n", (int)getppid());
	return 3;
}
END

# inside CMD...: as the first process of a pid namespace, with that root
inside() { unshare --pid --mount --fork --root="$T/root" "$@"; }
contained() { # ARG...: tunnelc in there; $FIRST is its pid out here
	start box unshare --pid --mount --fork --root="$T/root" /tunnelc -n 9 -k "$SERVER" -i /key "$@"
	FIRST=$(ps -o pid= --ppid "$(pid_of box)" | tr -d ' ')
}

ID=$(inside /tunnelc --new-key /key)
same "$ID" "$(inside /tunnelc -i /key --id)"
exits 111 inside /tunnelc -i /key --ready

hub
named local
contained -s "$TUNNEL" "tcp=$(addr_of local)" -- /orphans

same "got=local end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
exits 0 inside /tunnelc -i /key --ready
same "" "$(cat out err)"

# a program in there, and twenty orphans it leaves to the first process
same "got=first\x20process\x20is\x201\x0a end=eof" "$(visit "$ID.tun.test,kind=tls" read)"
alone() { [ -z "$(ps -o pid= --ppid "$FIRST")" ]; }
wait_for 10 alone || fail "not buried: $(ps -o pid,stat,args --ppid "$FIRST")"

not_logged '(warn|error):' box

# TERM, although a first process has no default action
kill "$FIRST"
ends box 0

# names, as soon as there is a resolv.conf
spawn box unshare --pid --mount --fork --root="$T/root" /tunnelc -s "tunnel.example:${TUNNEL##*:}" -k "$SERVER" -i /key \
    "tcp=$(addr_of local)"
logged 'no address found for the name' box
dns "127.0.0.1 tunnel.example"
mkdir root/etc
echo "nameserver 127.0.0.1" >root/etc/resolv.conf
wait_for 30 inside /tunnelc -i /key --ready || fail "not ready: no name"
same "got=local end=eof" "$(visit "$ID.tun.test,kind=tcp" shut read)"
kill "$(ps -o pid= --ppid "$(pid_of box)")"
ends box 0
