#!/bin/sh
# SPDX-License-Identifier: ISC
# A name in -l or -m that has no address is told as that; nobody may ask DNS for those in .onion (RFC 7686).
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
exits 111 timeout 20 "$SNIROUTE" -l nowhere.onion:0 -r routes
has "$(cat err)" '-l nowhere\.onion:0: the name has no address$'
exits 111 timeout 20 "$SNIROUTE" -l 127.0.0.1:0 -r routes -m nowhere.onion:0
has "$(cat err)" '--metrics nowhere\.onion:0: the name has no address$'
serve -l localhost:0 -r routes
has "$READY" '^(127\.0\.0\.1|\[::1\]):[0-9]+$'
