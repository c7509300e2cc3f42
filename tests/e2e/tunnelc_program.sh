#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc ... -- PROGRAM: started for each visitor no word takes, with the stream on 0 and 1 and the UCSPI environment.
. "${0%/*}/lib.sh"

hub
STALE="TCPREMOTEIP TCPREMOTEINFO TCPREMOTEHOST TCPLOCALHOST PROTO LISTEN_FDS NOTIFY_SOCKET"
program() { # NAME PROGRAM ARG...: a tunnel, with things in its environment and descriptors that are nobody's business
	local name="$1"; shift
	for v in $STALE; do export "$v=stale"; done
	tunnel "$name" -- "$@" 7</etc/passwd
	for v in $STALE; do unset "$v"; done
}

# both ways, and half-close
program cat cat
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
same "got=hello end=eof" "$(hand_over "$ID.tun.test,kind=tls" send:hello shut read)"
has "$(visit "$ID.tun.test" duplex:3m)" 'bytes=3145728 .*end=eof'
same "$(visit "$ID.tun.test" duplex:3m | grep -o 'sha=[0-9a-f]*' | sort -u | wc -l)" 1 "what came back"
logged 'route=program target=cat .*end=closed$' cat

# the environment: what the header says, and nothing stale
program env sh -c 'env | grep -E "^(TCP|PROTO|LISTEN|NOTIFY)" | sort'
told() { printf 'got=%s end=eof' "$(printf '%s\\x0a' "$@")"; } # LINE...
same "$(told PROTO=TCP "TCPLOCALHOST=$ID.tun.test" TCPLOCALIP=192.0.2.80 TCPLOCALPORT=443 TCPREMOTEIP=192.0.2.7 TCPREMOTEPORT=1234)" \
    "$(visit "$ID.tun.test,kind=tcp,src=192.0.2.7:1234" read)"
same "$(told PROTO=TCP "TCPLOCALHOST=$ID.tun.test" TCPLOCALIP=2001:db8::80 TCPLOCALPORT=22 TCPREMOTEIP=2001:db8::7 TCPREMOTEPORT=9)" \
    "$(visit "$ID.tun.test,kind=tcp,src=[2001:db8::7]:9,dst=[2001:db8::80]:22" read)"
same "$(told PROTO=TCP "TCPLOCALHOST=$ID.tun.test")" "$(visit "$ID.tun.test,kind=tcp" read)"

# descriptors and signals: 0 to 2 and nothing else, every signal at its default, none blocked (32 and 33, bits 31 and 32, are
# the threads library's own and stay as they were)
program fds sh -c 'for n in $(seq 0 30); do [ ! -e /proc/$$/fd/$n ] || echo $n; done; exec grep -E "^Sig(Blk|Ign)" /proc/self/status'
out=$(visit "$ID.tun.test,kind=tcp" read)
same "got=0 1 2 SigBlk 0000000000000000 SigIgn 0000000000000000 end=eof" \
    "$(printf '%s' "$out" | sed 's,\\x20, ,g;s,:\\x09, ,g;s,\\x0a, ,g;s,  *, ,g;s/SigIgn 0000000180000000/SigIgn 0000000000000000/')"

# as many descriptors as tunnelc was given, not what it made of that
soft=$(ulimit -Sn)
ulimit -Sn 300
program limit sh -c 'ulimit -Sn'
ulimit -Sn "$soft"
same "got=300\x0a end=eof" "$(visit "$ID.tun.test,kind=tcp" read)"

# standard error is tunnelc's
program err sh -c 'echo complaint >&2'
same "got= end=eof" "$(visit "$ID.tun.test,kind=tcp" read)"
logged '^complaint$' err

# one that exits first has said what it said; one that ends badly is no news for the next visitor
program first sh -c 'read -r line; echo "got $line"; exit 3'
same "got=got\x20x\x0a end=eof" "$(visit "$ID.tun.test,kind=tcp" 'send:x\n' read)"
same "got=got\x20y\x0a end=eof" "$(visit "$ID.tun.test,kind=tcp" 'send:y\n' read)"

# one that never reads stops its visitor and nobody else
program deaf sh -c 'read -r line; case $line in sleep) exec sleep 2 ;; *) echo "$line" ;; esac'
hand_over "$ID.tun.test,kind=tcp" 'send:sleep\n' push:1 print:stuck wait:done rst >stuck.out 2>&1 &
wait_for 10 grep -q stuck stuck.out || fail "the visitor was not stopped: $(cat stuck.out)"
same "got=awake\x0a end=eof" "$(visit "$ID.tun.test,kind=tcp" 'send:awake\n' read)"
touch done
wait $!
logged 'conn=1 .*end=(client|target)-reset$' deaf

# no such program: the visitor is reset, the log says why, once each
program none /nowhere/at/all
same "got= end=reset" "$(hand_over "$ID.tun.test,kind=tcp" read)"
logged_times 1 'error: conn=1 program /nowhere/at/all: No such file or directory' none
same "got= end=reset" "$(hand_over "$ID.tun.test,kind=tcp" read)"
logged_times 2 'error: .*No such file or directory' none

# nobody is left unburied
for name in cat env first none; do
	same "" "$(ps -o stat= --ppid "$(pid_of "$name")" | grep Z || :)" "zombies of $name"
done
