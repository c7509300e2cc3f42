#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection on descriptors 0 and 1, as a TCP socket, a socketpair or two pipes: relayed both ways, half-close included.
. "${0%/*}/lib.sh"

backend back sum data:200k shut
echo "* tls=$READY" >routes
hello=$(peer hello www.example.org | wc -c)

for kind in tcp '[::1]:0' socketpair pipes; do
	peer one "$kind" hello:www.example.org data:200k shut sum -- "$SNIROUTE" -r routes >out 2>sniroute.log
	has "$(cat out)" '^bytes=204800 sha=[0-9a-f]+ end=eof$'
	has "$(cat out)" '^exit=0$'
	logged "name=www\.example\.org route=\* target=$READY hello=ok rx=$((204800 + hello)) tx=204800 ms=[0-9]+ end=closed$"
	same 1 "$(wc -l <sniroute.log)" "one line a connection"
done
same 4 "$(grep -c " bytes=$((204800 + hello)) .*end=eof" back.log)"
peer one tcp send:ping shut sum -- "$SNIROUTE" -t "$READY" >out 2>sniroute.log
has "$(cat out)" '^bytes=204800 sha=[0-9a-f]+ end=eof$'
