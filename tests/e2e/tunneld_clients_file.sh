#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --clients: a routes file of the names that are live, for other nodes to find this one by.
. "${0%/*}/lib.sh"

# session NAME SERVICE...: a client with that key and services of those kinds, until NAME.over is there
session() {
	local name="$1" list=''; shift
	for kind in "$@"; do list="$list,{\"kind\":\"$kind\"}"; done
	: >"$name.log"
	timeout 60 python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" "$name.key" "hello:{\"services\":[${list#,}]}" get \
	    "wait:$name.over" >"$name.log" &
	wait_for 5 grep -q '^welcome' "$name.log" || fail "no session $name: $(cat "$name.log")"
}
over() { touch "$1.over"; }
V=192.0.2.7:18001
# live LINE...: what the file holds, soon; in its order
live() { wait_for 5 live_is "$@" || same "$(in_order "$@")" "$(cat run/live)" "live names"; }
live_is() { in_order "$@" | cmp -s - run/live; }
in_order() { echo '#!routes sorted'; [ $# = 0 ] || printf '%s\n' "$@" | LC_ALL=C sort -k 1,1; }

A=$(login a) B=$(login b) C=$(login c)
cat >auth <<END
$A names=www.test,*.wild.test
$B names=www.test,zz.test
$C
END
mkdir run
lines "old.test tls=192.0.2.9:1 proxy=v2" >run/live
umask 027
hub -a auth --clients run/live --advertise "$V"
same '#!routes sorted' "$(cat run/live)" "lines of another run, when ready"
same 640 "$(stat -c %a run/live)" mode

# A line for each name, for the kinds its clients take: no line for what only plain TCP reaches.
session a tls
live "*.wild.test tls=$V proxy=v2" "$A.tun.test tls=$V proxy=v2" "www.test tls=$V proxy=v2"
session c tcp
session b http tcp
live "*.wild.test tls=$V proxy=v2" "$A.tun.test tls=$V proxy=v2" "$B.tun.test http=$V proxy=v2" \
    "www.test tls=$V http=$V proxy=v2" "zz.test http=$V proxy=v2"
exits 0 "$SNIROUTE" -c -r run/live

# Nothing is written while nothing changes; and never is a part of it lying about.
before=$(stat -c %i,%Y,%Z run/live)
echo '# a comment' >>auth
logged_times 1 'authorized: auth: read, 3 clients' tunneld
sleep 0.5
same "$before" "$(stat -c %i,%Y,%Z run/live)" "rewritten"
same "live" "$(ls -A run)"

# Other nodes get them through the store, as long as they live.
if command -v redis-server >/dev/null; then
	redis
	start publish "$ROUTESYNC" -n 9 --publish run/live "$STORE"
	sync -i 0.2 "$STORE"
	routes "$(sed -n 2p run/live)" "$(sed -n 3p run/live)" "$(sed -n 4p run/live)" "$(sed -n 5p run/live)" "$(sed -n 6p run/live)"
fi

# Names go with their sessions, and with their lines in the authorization file.
over b
live "*.wild.test tls=$V proxy=v2" "$A.tun.test tls=$V proxy=v2" "www.test tls=$V proxy=v2"
printf '%s\n' "$A names=www.test" "$B" "$C" >auth.new
mv auth.new auth
live "$A.tun.test tls=$V proxy=v2" "www.test tls=$V proxy=v2"

# It can't be written for a while: that is said once, and made up for.
mv run gone
printf '%s\n' "$A names=new.test" "$B" "$C" >auth.new
mv auth.new auth
logged_times 1 'run/live cannot be written, it stays as it is: No such file or directory' tunneld
sleep 1.3
mv gone run
live "$A.tun.test tls=$V proxy=v2" "new.test tls=$V proxy=v2"
logged_times 1 'run/live can be written again' tunneld
same 1 "$(count 'cannot be written' tunneld)" "said once"

# Somebody else's hands: taken away, or changed, it is there again within a second or two, though no name has come or gone.
rm run/live
live "$A.tun.test tls=$V proxy=v2" "new.test tls=$V proxy=v2"
echo "evil.test tls=192.0.2.66:443" >run/live
live "$A.tun.test tls=$V proxy=v2" "new.test tls=$V proxy=v2"
echo "evil.test tls=192.0.2.66:443" >run/live
rm -f b.over
session b tls
wait_for 5 grep -q "^$B" run/live || fail "not written again"
lacks "$(cat run/live)" evil
over b
over c

# At the end nobody is here.
signal tunneld TERM
wait_for 5 live_is || fail "lines are left: $(cat run/live)"
over a
ends tunneld 0 10
same '#!routes sorted' "$(cat run/live)"
same "live" "$(ls -A run)"
if command -v redis-server >/dev/null; then
	routes
fi
