#!/bin/sh
# SPDX-License-Identifier: ISC
# --explain of a URL or a host with a port finds no line, and says how to ask for the host.
. "${0%/*}/lib.sh"

printf '%s\n' "a.test tls=127.0.0.1:1" ":8000 tcp=127.0.0.1:1" >routes
for name in https://a.test/ a.test:443; do
	exits 100 "$SNIROUTE" -r routes -x $name
	has "$(cat out)" '^refused: no line fits; .*give a host name alone$'
done
exits 0 "$SNIROUTE" -r routes -x :8000
lacks "$(cat out)" 'alone'
