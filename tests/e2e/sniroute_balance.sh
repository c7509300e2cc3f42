#!/bin/sh
# SPDX-License-Identifier: ISC
# balance=first takes the first that works, least the one with the fewest connections, source the same for one client, which --explain knows.
. "${0%/*}/lib.sh"

for s in a b c; do named $s; done
abc=$(addr_of a),$(addr_of b),$(addr_of c)
for s in held1 held2 held3; do backend $s send:$s read; done
cat >routes <<-END
	first.example.org   tls=$abc balance=first
	source.example.org  tls=$abc balance=source
	least.example.org   tls=$(addr_of held1),$(addr_of held2),$(addr_of held3)
END
serve -l 127.0.0.1:0 -r routes

for i in 1 2 3 4; do answers first.example.org a || fail "balance=first"; done
for ip in 2 3 4 5 6 7 8 9 10 11 12 13; do
	for i in 1 2 3; do client "$ADDR" from:127.0.0.$ip hello:source.example.org shut read; done | sort -u >who
	same 1 "$(wc -l <who)" "one client went to several targets"
	"$SNIROUTE" -r routes -x "source.example.org,src=127.0.0.$ip" >plan
	same "$(addr_of "$(sed 's/got=//; s/ .*//' who)")" "$(sed -n 's/^  1\. //p' plan)" "--explain tells of another"
	same 3 "$(sed -n 's/^  [1-3]\. //p' plan | sort -u | wc -l)" "targets in the plan"
	cat who >>all
done
[ "$(sort -u all | wc -l)" -gt 1 ] || fail "balance=source puts all clients on one target"
for i in 1 2 3 4 5 6 7; do
	spawn_peer c$i client "$ADDR" hello:least.example.org recv:5 wait:go shut read
	logged '^got=held' c$i
	cat c$i.log >>held
done
same "got=held1 got=held2 got=held3 got=held1 got=held2 got=held3 got=held1" "$(tr '\n' ' ' <held | sed 's/ $//')"
touch go
