#!/bin/sh
# SPDX-License-Identifier: ISC
# A key that is malformed at start keeps what the files hold of it, its secret too, and takes no name from a good key.
. "${0%/*}/lib.sh"

redis
restart() { stop sync; sync -i 0.1 --secrets secrets "$STORE"; }
set_as() { r set "/tcprouter/$1/$2" "$3"; }
tunnel='tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2'

# its line and its secret, under its own name and under another
put t '{"clientsecret":"hunter2"}'
put foo '{"clientsecret":"other","sni":"bar"}'
sync -i 0.1 --secrets secrets "$STORE"
routes "bar $tunnel" "t $tunnel"
cp secrets good
put t '{"clientsecret":'
put foo '{"clientsecret":'
logged_times 2 'malformed' sync
restart
routes "bar $tunnel" "t $tunnel"
cmp good secrets || fail "a secret is lost: $(cat secrets)"
logged 'kept 1 routes that no valid record accounts for' sync
r del /tcprouter/service/t
routes "bar $tunnel"
put foo '{"clientsecret":"other","sni":"baz"}'
routes "baz $tunnel"
wait_for 5 grep -q 'names=baz$' secrets || fail "$(cat secrets)"
same 1 "$(wc -l <secrets)" "secrets"
r flushall
routes

# services/ speaks of x, so service/ that is malformed does not, nor ever will with a line of old
set_as services x tls=10.0.0.1:1
set_as service x garbage
routes 'x tls=10.0.0.1:1'
restart
routes 'x tls=10.0.0.1:1'
for port in 2 3; do
	set_as services x "tls=10.0.0.1:$port"
	routes "x tls=10.0.0.1:$port"
done
r del /tcprouter/services/x
routes
set_as service x tls=10.0.0.1:4
routes 'x tls=10.0.0.1:4'

# keys deleted meanwhile go, unless a malformed one may have given them
set_as service y tls=10.0.0.1:5
set_as service z tls=10.0.0.1:6
routes 'x tls=10.0.0.1:4' 'y tls=10.0.0.1:5' 'z tls=10.0.0.1:6'
stop sync
put x garbage
r del /tcprouter/service/y
sync -i 0.1 --secrets secrets "$STORE"
routes 'x tls=10.0.0.1:4' 'z tls=10.0.0.1:6'
lacks "$(cat sync.log)" 'hunter2|other'
