#!/bin/sh
# SPDX-License-Identifier: ISC
# One source can't use up the memory for unfinished hellos: beyond its share its own are closed, others still served.
. "${0%/*}/lib.sh"

[ "$(ulimit -n)" -ge 4000 ] || skip "fewer than 4000 descriptors"
named a
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 60 --hello-max 65536 --max-per-source 4000
python3 -SE "$TESTS/peer.py" hello www.example.org >hello
head -c 60 hello >first; tail -c +61 hello >second
# in_halves ADDRESS: what a client there gets whose hello comes in two parts
in_halves() { client "$ADDR" "from:$1" file:first sleep:0.3 file:second shut timeout:20 read; }

same "got=a end=eof" "$(in_halves 127.0.0.1)"
# nearly whole hellos, then smaller and smaller parts, until nothing more of this source has room
python3 -SE "$TESTS/peer.py" hello www.example.org,pad=65300 >large
n=0
for part in 65300 8000 2000 500 100; do
	head -c $part large >part
	start_peer herd$part herd $((part > 8000 ? 1000 : 100)) stop "$ADDR" from:127.0.0.1 file:part
done
logged 'hello=- .* end=limit$'
same "got=a end=eof" "$(in_halves 127.0.0.2)"
refused() { in_halves 127.0.0.1 | grep -qE '^(failed=.*)?got= end=(eof|reset)$'; }
wait_for 1 refused || fail "not refused: $(in_halves 127.0.0.1)"	# more than one try, lest both parts are read at once
touch stop
for part in 65300 8000 2000 500 100; do ends herd$part 0 20; done
served() { [ "$(in_halves 127.0.0.1)" = "got=a end=eof" ]; }
wait_for 10 served || fail "the share is not given back"
