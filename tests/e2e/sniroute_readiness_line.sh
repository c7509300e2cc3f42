#!/bin/sh
# SPDX-License-Identifier: ISC
# The line on the notify descriptor names the bound addresses, -l in order and then those of the routes file, and closes it.
. "${0%/*}/lib.sh"

a=$(free_port)
echo "127.0.0.1:$a tcp=127.0.0.1:9" >routes
"$SNIROUTE" -l 127.0.0.1:0 -l "unix:$T/sock" -l '[::1]:0' -l :0 -r routes -n 7 7>ready 2>sniroute.log &
started sniroute $! "$SNIROUTE"
wait_for 5 grep -q . ready || fail "no line"
has "$(cat ready)" "^127\.0\.0\.1:[1-9][0-9]* unix:$T/sock \[::1\]:[1-9][0-9]* \[::\]:[1-9][0-9]* 127\.0\.0\.1:$a$"
same 1 "$(wc -l <ready)"
[ ! -e "/proc/$(pid_of sniroute)/fd/7" ] || fail "the notify descriptor is still open"
exits 100 "$SNIROUTE" -l 127.0.0.1:0 -r routes -n x
