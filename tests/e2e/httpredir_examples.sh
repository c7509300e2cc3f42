#!/bin/sh
# SPDX-License-Identifier: ISC
# The service folders and units of httpredir start it as they say; the manual tells the same options as -h.
. "${0%/*}/lib.sh"

: >ready
for run in "$ROOT"/examples/s6/httpredir/run "$ROOT"/examples/runit/httpredir/run; do
	sed "s,:80 ,127.0.0.1:0 ,; s,/etc/tcproute,$T,; s,/run/,$T/,; s,-[ou] tcproute,,g; s,-n 3,-n 9," "$run" >run.sh
	echo 'a.test tls=127.0.0.1:1' >routes
	spawn supervised env PATH="$ROOT/$BUILD/bin:$PATH" sh run.sh 9>>ready
	wait_for 5 grep -q 'ready on' supervised.log || fail "$run does not start it"
	ADDR=$(sed -n 's/.*ready on //p' supervised.log | tail -n 1)
	has "$(get /)" '^HTTP/1.1 308 '
	stop supervised
	: >supervised.log
done
grep -q '^127' ready || fail "no readiness line"
usage=$("$HTTPREDIR" -h | grep -oE -- '--[a-z-]+')
for option in $usage; do
	grep -q "Fl -${option#--}\>" "$ROOT/httpredir/httpredir.8" || fail "$option is not in the manual"
done
if command -v mandoc >/dev/null; then
	same "" "$(mandoc -T lint -W warning "$ROOT/httpredir/httpredir.8" | tee lint.out)"
fi
if command -v systemd-analyze >/dev/null; then
	mkdir units
	cp "$ROOT/examples/systemd/httpredir.socket" units/
	sed "s,/usr/local/bin/httpredir,$HTTPREDIR," "$ROOT/examples/systemd/httpredir.service" >units/httpredir.service
	exits 0 systemd-analyze verify --man=no units/httpredir.service units/httpredir.socket
fi
