#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld -a: the file is read again whenever it changes, however it changes, and only those it is about notice.
. "${0%/*}/lib.sh"

tunnel() { by_hand client "$TUNNEL" "$@"; }
# session NAME KEY WORD...: a client that does these words behind its welcome, in the background
session() {
	local name="$1" key="$2"; shift 2
	: >"$name.log"
	tunnel "$key.key" "hello:{\"instance\":\"$(printf '%032d' "$SESSIONS")\"}" get "$@" >"$name.log" &
	eval "PID_$name=$!"
	SESSIONS=$((SESSIONS + 1))
	wait_for 5 grep -q '^welcome' "$name.log" || fail "no session $name: $(cat "$name.log")"
}
# saw NAME: what it was told behind the first welcome, when it has ended
saw() { eval "wait_for 10 gone \$PID_$1" || :; tail -n +2 "$1.log"; }
SESSIONS=1 READS=0
# read_again N: it was, and has N clients
read_again() {
	READS=$((READS + 1))
	logged_times "$READS" '^tunneld: info: authorized: auth: read, ' tunneld
	has "$(grep 'authorized: auth: read' tunneld.log | tail -n 1)" "read, $1 clients?\$"
}
# in_place, renamed: two ways to write what comes in
in_place() { cat >auth; }
renamed() { cat >auth.new && mv auth.new auth; }
metric() { curl -sS --unix-socket metrics http://localhost/metrics | sed -n "s/^tunneld_$1 //p"; }

A=$(login a) B=$(login b) C=$(login c)
echo "$A names=a.test" >auth
hub -a auth -m "unix:$T/metrics"
same 1 "$(metric authorized_lines)" "clients at start"
sleep 0.5
same 0 "$(count 'authorized: auth: read' tunneld)" "read again though nothing changed"

# A line more lets its client in; the session that is there notices nothing.
session a a timeout:25 end
has "$(tunnel b.key hello get)" '^error code=unauthorised '
printf '%s\n' "$A names=a.test" "$B" | in_place
read_again 2
has "$(tunnel b.key hello get)" "^welcome names=$B.tun.test "
same 2 "$(metric authorized_lines)"

# Other names are told to the client they belong to, and to no other.
session b b get end
printf '%s\n' '# moved' "$B names=b.test streams=7" "$A names=a.test # same" | renamed
read_again 2
wait_for 5 grep -q 'names=.*,b.test .*streams=7' b.log || fail "no second welcome: $(cat b.log)"

# A line that goes ends its session; a file linked in, and its link led elsewhere.
mkdir v1 v2
echo "$A names=a.test" >v1/auth
printf '%s\n' "$A names=a.test" "$C" >v2/auth
ln -s v1 current
ln -s current/auth auth.new
mv auth.new auth
read_again 1
has "$(saw b)" 'error code=revoked$'
logged "client=$B .* session=down reason=\"revoked: .*\"\$" tunneld
ln -s v2 next
mv -T next current
read_again 2
has "$(tunnel c.key hello get)" "^welcome names=$C.tun.test "

# A file that is bad, gone or a folder: keeping the previous version, said once.
printf '%s\n' 'nonsense' "$A" "$A sessions=0" | renamed
logged_times 1 '^tunneld: error: authorized: auth:1: neither an id' tunneld
logged_times 1 '^tunneld: error: authorized: auth:3: bad number 0 in sessions=' tunneld
logged_times 1 '^tunneld: error: authorized: auth: refused; keeping the previous version' tunneld
has "$(tunnel c.key hello get)" '^welcome '
rm auth
logged_times 1 '^tunneld: error: authorized: auth: No such file or directory; keeping the previous version' tunneld
mkdir auth
logged_times 1 '^tunneld: error: authorized: auth: not a plain file$' tunneld
sleep 0.6
has "$(tunnel c.key hello get)" '^welcome '
same 3 "$(count 'keeping the previous version' tunneld)" "said once each"
same 3 "$(metric 'authorized_reloads_total{result="failed"}')" "failures counted"
same 2 "$(metric authorized_lines)"
rmdir auth
echo "$A names=a.test" >auth
read_again 1
has "$(tunnel c.key hello get)" '^error code=unauthorised '

# HUP reads it, changed or not.
signal tunneld HUP
read_again 1

# Dates, addresses and numbers hold for who is there already. sessions=: the newest goes.
echo "$A names=a.test
$B sessions=2
$C" | renamed
read_again 3
session one b end
session two b end
session c c end
echo "$A names=a.test
$B sessions=1
$C expires=2026-02-28" | renamed
read_again 3
has "$(saw two)" '^error code=limit$'
has "$(saw c)" '^error code=expired$'
has "$(tunnel c.key hello get)" '^error code=expired '
echo "$A names=a.test
$B from=192.0.2.0/24" | renamed
read_again 2
has "$(saw one)" '^error code=from$'

# All the while the first one was left in peace.
kill -0 "$PID_a" || fail "the first session ended: $(cat a.log)"
signal tunneld TERM
ends tunneld 0
lacks "$(saw a)" '^(welcome|error)'
