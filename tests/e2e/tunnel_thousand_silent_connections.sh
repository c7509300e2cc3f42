#!/bin/sh
# SPDX-License-Identifier: ISC
# A thousand connections that say nothing, or a byte a second: a client logs in beside them at once, ten seconds are
# all they get.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
hub --max-logins 4000 --max-conns 4000 -m "unix:$T/metrics"
base=$(fds tunneld)
rss=$(rss_kb "$(pid_of tunneld)")
key slow.key >/dev/null
openssl req -x509 -new -key slow.key -days 2 -subj /CN=t -out slow.key.crt 2>/dev/null

# Slow ones: a byte of the TLS hello a second, and a byte of the tunnel's hello.
spawn_peer loris client "$TUNNEL" from:127.0.0.9 pieces:1:1 hello:hub.test
# shellcheck disable=SC2046 # words are wanted
spawn slow python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" slow.key \
    $(for i in $(seq 12); do echo "part:$i sleep:1"; done) end
began_all=$(now_ms)
for i in 1 2; do spawn_peer "herd$i" herd 500 over "$TUNNEL" "from:127.0.0.$((i + 1))" 9>/dev/null; done
metric_is 1002 tunneld_logins
cpu=$(cpu_ms "$(pid_of tunneld)")

began=$(now_ms)
tunnel c "tcp=$ECHO"
ms=$(($(now_ms) - began))
[ $ms -lt 4000 ] || fail "a client logs in after $ms ms"
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
[ $(($(now_ms) - began_all)) -gt 8000 ] || same 1002 "$(metric tunneld_logins)" "logins under way beside it"
grew=$(($(rss_kb "$(pid_of tunneld)") - rss))
sanitized || [ $grew -lt 4096 ] || fail "$grew KB for a thousand silent connections"
sleep 1
used=$(($(cpu_ms "$(pid_of tunneld)") - cpu))
sanitized || [ $used -lt 500 ] || fail "$used ms of processor time for nothing"

# Their ten seconds are over.
wait_for 15 metric_now 0 tunneld_logins || fail "$(metric tunneld_logins) stay"
logged_times 1002 'hello=(timeout|ok) rx=[0-9]+ tx=0 ms=(9[5-9]|1[01])[0-9]{2,3} end=hello$' tunneld
logged_times 1001 'name=- .* hello=timeout rx=0 tx=0 .* end=hello$' tunneld
logged 'peer=127\.0\.0\.9:[0-9]+ name=- route=- target=- hello=timeout .* end=hello$' tunneld
same 1002 "$(metric 'tunneld_logins_total{result="failed"}')" "failed logins"
fds_back $((base + 1)) tunneld
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
touch over
