#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that allows everything and reads nothing: its visitors' uploads stop, the server's memory stays small,
# silence ends it.
. "${0%/*}/lib.sh"

named web && WEB=$READY
hub --heartbeat 0.5 --dead-after 5 --park 0 --visitors 127.0.0.1:0 -m "unix:$T/metrics"
VISITORS=${READY##* }
tunnel c "tcp=$WEB"
GOOD=$ID.tun.test
ID=$(key deaf.key)
openssl req -x509 -new -key deaf.key -days 2 -subj /CN=t -out deaf.key.crt 2>/dev/null
base=$(fds tunneld)
rss=$(rss_kb "$(pid_of tunneld)")

# Ten visitors, each of whom may send 4 GiB; not a byte of them is read. It goes on to ping: it is alive.
# shellcheck disable=SC2046 # words are wanted
spawn deaf python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" deaf.key hello get \
    $(for i in $(seq 10); do echo hold; done
    for i in $(seq 10); do echo "frame:1:0:$((2 * i)):4294705151"; done) touch:open \
    $(for i in $(seq 100); do echo "frame:2:2:0:1 sleep:0.1"; done)
logged '^welcome' deaf
spawn_peer pushed crowd 10 "$VISITORS" "visitor:$ID.tun.test,kind=tcp" wait:open push:2 read
wait_for 10 test -e open || fail "no visitors: $(cat deaf.log)"
metric_is 10 tunneld_visitors
sleep 1.5
cpu=$(cpu_ms "$(pid_of tunneld)")
same "3 x got=web end=eof" "$(peer crowd 3 "unix:$T/visitors" "visitor:$GOOD,kind=tcp" shut read)"
sleep 0.5
cpu=$(($(cpu_ms "$(pid_of tunneld)") - cpu))
[ $cpu -lt 200 ] || fail "$cpu ms of processor time for visitors who wait"
grew=$(($(rss_kb "$(pid_of tunneld)") - rss))
sanitized || [ $grew -lt 4096 ] || fail "$grew KB more memory"
killed deaf
logged "client=$ID conn=[0-9]+ peer=.* session=down reason=\"lost: .*\"\$" tunneld
ends pushed 0
fds_back "$base" tunneld

# The same one, silent as well.
spawn mute python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" deaf.key hello get hold frame:1:0:2:4294705151 \
    touch:again sleep:60
logged '^welcome' mute
spawn_peer pushes client "$VISITORS" "visitor:$ID.tun.test,kind=tcp" wait:again push:1 read
wait_for 10 test -e again || fail "no visitor: $(cat mute.log)"
wait_for 15 grep -qE "client=$ID conn=[0-9]+ peer=.* session=down reason=\"(silent: nothing came|lost: )" tunneld.log ||
    fail "it is never given up"
ends pushes 0
has "$(cat pushes.log)" 'end=reset$'
fds_back "$base" tunneld
same 1 "$(count 'link=' c)" "changes of the other session"
