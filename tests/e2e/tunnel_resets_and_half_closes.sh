#!/bin/sh
# SPDX-License-Identifier: ISC
# Through both ends a reset stays a reset and half a connection stays half, whoever begins, with all bytes before it.
. "${0%/*}/lib.sh"

backend slow sum sleep:0.5 data:2m shut
backend early send:bye shut sum
backend cuts until:abc rst
backend takes until:abc send:k read
backend hears until:abc send:k read
backend greets send:hi shut read
backend asks until:abc send:k shut read
ID=$(key c.key)
echo "$ID names=*.test" >auth
hub -a auth --visitors 127.0.0.1:0
VISITORS=${READY##* }
tunnel c "tcp:slow.test=$(addr_of slow)" "tcp:early.test=$(addr_of early)" "tcp:cuts.test=$(addr_of cuts)" \
    "tcp:takes.test=$(addr_of takes)" "tcp:asks.test=$(addr_of asks)" "tcp:hears.test=$(addr_of hears)" \
    "tcp:greets.test=$(addr_of greets)"
base_d=$(fds tunneld)
base_c=$(fds c)

# by_tcp, by_hand NAME WORD...: a visitor of either way in, by TCP, as a unix socket knows no resets
by_tcp() { local name="$1"; shift; client "$VISITORS" "visitor:$name.test,kind=tcp" "$@"; }
by_hand() { local name="$1"; shift; client "unix:$T/visitors" "pass:$name.test,kind=tcp" "$@"; }
n=0
for way in by_tcp by_hand; do
	n=$((n + 1))

	# The end of one direction, whole, and the other goes on: the visitor's first, the service's first.
	has "$($way slow data:1m shut sum)" 'bytes=2097152 .*end=eof$'
	logged_times $n '^[0-9]+ bytes=1048576 sha=[0-9a-f]+ end=eof$' slow
	has "$($way early read sleep:0.5 data:1m shut)" '^got=bye end=eof'
	logged_times $n '^[0-9]+ bytes=1048576 sha=[0-9a-f]+ end=eof$' early
	# The same bytes at both ends.
	same 1 "$(grep -ho 'bytes=1048576 sha=[0-9a-f]*' slow.log early.log | sort -u | wc -l)" "what came"
	logged_times $((2 * n)) 'route=tcp:(slow|early).test .* end=closed$' c

	# The service resets, also behind the visitor's end.
	same "got= end=reset" "$($way cuts send:abc read)"
	same "got= end=reset" "$($way cuts send:abc shut read)"
	logged_times $((2 * n)) 'route=tcp:cuts.test .* rx=3 tx=0 .* end=target-reset$' c
	logged_times $((2 * n)) 'name=cuts.test .* rx=3 tx=0 .* end=target-reset$' tunneld

	# The visitor resets, also behind either one's end.
	same "got=k" "$($way takes send:abc recv:1 rst)"
	logged_times $n '^[0-9]+ got= end=reset$' takes
	logged_times $n 'route=tcp:takes.test .* rx=3 tx=1 .* end=client-reset$' c
	logged_times $n 'name=takes.test .* rx=3 tx=1 .* end=client-reset$' tunneld
	same "got=k" "$($way hears send:abc shut recv:1 rst)"
	logged_times $n '^[0-9]+ got= end=(eof|reset)$' hears
	logged_times $n 'route=tcp:hears.test .* rx=3 tx=1 .* end=(client-reset|closed)$' c
	same "got=k got=" "$($way asks send:abc recv:1 recv:1 rst | paste -sd ' ')"
	logged_times $n '^[0-9]+ got= end=reset$' asks
	logged_times $n 'route=tcp:asks.test .* rx=3 tx=1 .* end=client-reset$' c
	logged_times $n 'name=asks.test .* rx=3 tx=1 .* end=client-reset$' tunneld

	# Both end at once.
	same "got=hi end=eof" "$($way greets send:abc shut read)"
	logged_times $n '^[0-9]+ got=abc end=eof$' greets
	fds_back "$base_d" tunneld
	fds_back "$base_c" c
done
