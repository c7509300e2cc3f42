#!/bin/sh
# SPDX-License-Identifier: ISC
# ssh -> a port of sniroute -> tunneld -> tunnelc -> sshd -i, which has no port anywhere.
. "${0%/*}/lib.sh"

SSHD=$(command -v sshd || ls /usr/sbin/sshd 2>/dev/null) || skip "no sshd"
[ "$(id -u)" = 0 ] || skip "not root"
[ -d /run/sshd ] || mkdir -m 755 /run/sshd
chmod 700 "$T"		# sshd looks at the modes of what leads to the keys it trusts
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f user
cat >sshd_config <<END
HostKey $T/host
AuthorizedKeysFile $T/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PidFile none
LogLevel INFO
END
echo "db.tun.test $(cat host.pub)" >known_hosts

echo "$(key box.key) names=db.tun.test" >auth
hub -a auth
tunnel box -- "$SSHD" -i -e -f "$T/sshd_config"
port=$(free_port)
echo "127.0.0.1:$port tcp=pass:$T/visitors as=db.tun.test" >routes
serve -r routes

box() { # WORD...: on the other side
	timeout 40 ssh -F none -p "$port" -i user -o IdentitiesOnly=yes -o UserKnownHostsFile="$T/known_hosts" \
	    -o HostKeyAlias=db.tun.test -o BatchMode=yes "$@"
}
same "hello from the box" "$(box root@127.0.0.1 echo hello from the box)"

# bytes both ways, and the exit code
head -c 3000000 /dev/urandom >big
same "$(sha256sum <big)" "$(box root@127.0.0.1 'cat | sha256sum' <big)"
box root@127.0.0.1 'cat big 2>/dev/null || cat '"$T"'/big' >back
same "$(sha256sum <big)" "$(sha256sum <back)"
box root@127.0.0.1 exit 7 && fail "exit 0" || same 7 $? "exit code"

# by a command that connects, as people do
same "by a command" "$(box -o ProxyCommand="socat - TCP:127.0.0.1:$port" root@db.tun.test echo by a command)"

# four at once, one of them idle
box root@127.0.0.1 'sleep 30' &
idle=$!
for i in 1 2 3; do box root@127.0.0.1 "echo $i; cat" <big >"back.$i" & pids="${pids:-} $!"; done
for pid in $pids; do wait "$pid"; done
for i in 1 2 3; do same "$(tail -c 3000000 "back.$i" | sha256sum)" "$(sha256sum <big)"; done
kill "$idle"
wait "$idle" || :

logged 'name=db\.tun\.test .*target=pass:.*end=passed$'
logged 'name=db\.tun\.test .*end=closed$' tunneld
logged 'route=program target=[^ ]*sshd .*end=closed$' box
wait_for 5 sh -c '! ps -o stat= --ppid '"$(pid_of box)"' | grep -q Z' || fail "zombies"
