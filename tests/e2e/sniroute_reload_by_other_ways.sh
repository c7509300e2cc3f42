#!/bin/sh
# SPDX-License-Identifier: ISC
# A routes file edited in place, swapped by symlink (as a ConfigMap is), gone and back, or named by HUP is read again.
. "${0%/*}/lib.sh"

for s in a b c d e f; do named $s; done
route() { echo "www.example.org tls=$(addr_of "$1")"; }
mkdir one two
route a >one/routes
route b >two/routes
ln -s one ..data
ln -s ..data/routes routes
serve -l 127.0.0.1:0 -r routes

answers www.example.org a || fail "start"
ln -s two tmp
mv -T tmp ..data
wait_for 4 answers www.example.org b || fail "symlink swap"
route c >two/routes
wait_for 4 answers www.example.org c || fail "edit in place"
mv two/routes away
sleep 1.5
answers www.example.org c || fail "the table is lost with the file"
route d >two/routes
wait_for 4 answers www.example.org d || fail "gone and back"
route e >routes.e
ln -sf routes.e routes
wait_for 4 answers www.example.org e || fail "another symlink"
cat routes.e >keep
route f >routes.e
touch -r keep routes.e
signal sniroute HUP
wait_for 4 answers www.example.org f || fail "HUP"
alive "$(pid_of sniroute)" || fail "HUP ended it"

# Replaced all the time, as by a tool that follows a busy store; a pipe in its place for a while.
rm routes
for s in a b a b; do
	rm -f rest
	while [ ! -e rest ]; do route $s >restless; mv restless routes; sleep 0.03; done &
	wait_for 2 answers www.example.org $s && seen=yes || seen=no
	touch rest
	wait $!
	[ $seen = yes ] || fail "a file that never rests"
done
rm -f routes
mkfifo routes
logged 'routes: routes: not a plain file'
rm routes
route c >routes
wait_for 4 answers www.example.org c || fail "a pipe was in its place"
