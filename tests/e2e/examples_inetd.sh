#!/bin/sh
# SPDX-License-Identifier: ISC
# Under inetd: "nowait", where standard error is the client too and must not see a log, and "wait".
. "${0%/*}/lib.sh"

named a
cat >routes <<-END
	www.example.org   tls=$READY
	away.example.org  tls=127.0.0.1:1
END
printf '#!/bin/sh\nexec %s -r routes 2>&1\n' "$SNIROUTE" >nowait
chmod +x nowait
like_inetd() { peer one tcp "$@" -- ./nowait | paste -s -d ' '; }
same "got=a end=eof exit=0" "$(like_inetd hello:www.example.org shut read)"
same "alert=80 version=0303 end=eof exit=111" "$(like_inetd hello:away.example.org alert)"
same "alert=112 version=0303 end=eof exit=100" "$(like_inetd hello:nobody.example.org alert)"

command -v inetd >/dev/null || exit 0
[ "$(id -u)" = 0 ] || exit 0
wait_port=$(free_port) nowait_port=$(free_port)
sed -n 's/^#*\(https .*\)/\1/p' "$ROOT/examples/inetd.conf" |
    sed "s,/usr/local/bin/sniroute,$SNIROUTE,; s,/etc/tcproute,$T,; s, tcproute , nobody ,
    /nowait/s,^https,127.0.0.1:$nowait_port,; s,^https,127.0.0.1:$wait_port," >inetd.conf
same 2 "$(wc -l <inetd.conf)"
spawn inetd inetd -i "$T/inetd.conf"
ADDR=127.0.0.1:$nowait_port
wait_for 5 answers www.example.org a || fail "nowait: not served"
refuses away.example.org 80
ADDR=127.0.0.1:$wait_port
answers www.example.org a || fail "wait: not served"
pid=$(pgrep -P "$(pid_of inetd)" -x sniroute) || fail "wait: no sniroute"
refuses nobody.example.org 112
same "$pid" "$(pgrep -P "$(pid_of inetd)" -x sniroute)" "wait: one process"
kill "$pid"
wait_for 5 gone "$pid" || fail "wait: did not end"
