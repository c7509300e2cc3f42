#!/bin/sh
# SPDX-License-Identifier: ISC
# A worker that dies while the routes file is being read is replaced, and that file is read to its end all the same.
. "${0%/*}/lib.sh"

backend back send:hi shut read
seq 500000 | sed 's/.*/h&.example.org tls=10.0.0.2:443/' >table
echo "* tls=$READY" >>table
cp table routes
serve -l 127.0.0.1:0 -r routes -j 2
parent=$(pid_of sniroute)
workers() { pgrep -P "$parent" | tr '\n' ' '; }
two() { [ "$(workers | wc -w)" = 2 ]; }
wait_for 5 two || fail "workers: $(workers)"
victim=$(workers | cut -d ' ' -f 1)
old() { [ "$(ps -o etimes= -p "$1")" -ge 2 ]; }		# a young one is replaced later
wait_for 5 old "$victim" || fail "no time passes"

# As long as the parent can write there the table is not done.
is_reading() { grep -q 'rw-s.*memfd:routes' "/proc/$parent/maps"; }
echo "new.example.org tls=10.0.0.2:443" >>table
mv table routes
wait_for 5 is_reading || fail "the file is not read"
kill -9 "$victim"
wait_for 60 grep -q 'routes: routes: read, 500002 lines' sniroute.log || fail "the new table was not taken"
not_logged 'error: routes'
wait_for 5 two || fail "not replaced"
for i in 1 2 3 4 5 6 7 8; do same "got=hi end=eof" "$(ask "$ADDR" www.example.org)"; done
