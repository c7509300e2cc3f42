#!/bin/sh
# SPDX-License-Identifier: ISC
# A second TERM or INT ends the drain at once, with exit code 0; without connections the first one does.
. "${0%/*}/lib.sh"

backend back print:in read
echo "* tls=$READY" >routes
for sig in TERM INT; do
	serve -l 127.0.0.1:0 -r routes -g 30 -j 2
	: >back.log
	spawn_peer client$sig client "$ADDR" hello:www.example.org read
	logged ' in$' back
	signal sniroute $sig
	sleep 0.5
	alive "$(pid_of sniroute)" || fail "it did not drain"
	signal sniroute $sig
	ends sniroute 0 2
	ends client$sig 0

	serve -l 127.0.0.1:0 -r routes -g 30 -j 2
	signal sniroute $sig
	ends sniroute 0 2
done
