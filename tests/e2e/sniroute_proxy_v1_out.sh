#!/bin/sh
# SPDX-License-Identifier: ISC
# proxy=v1 sends a PROXY line with the true ends first, then the client's bytes.
. "${0%/*}/lib.sh"

backend back proxy save:seen
cat >routes <<-END
	*  tls=$READY proxy=v1
END
serve -l 127.0.0.1:0 -l '[::1]:0' -l "unix:$T/in.sock" -r routes
six=$(echo "$READY" | cut -d ' ' -f 2)

client "$ADDR" hello:www.example.org send:more shut read
logged "^1 proxy=v1 line=PROXY.x20TCP4.x20127\.0\.0\.1.x20127\.0\.0\.1.x20[0-9]+.x20$PORT\$" back
{ peer hello www.example.org; printf more; } | cmp - seen
client "$six" hello:www.example.org shut read
logged "^2 proxy=v1 line=PROXY.x20TCP6.x20::1.x20::1.x20[0-9]+.x20${six##*:}\$" back
client "unix:$T/in.sock" hello:www.example.org shut read
logged "^3 proxy=v1 line=PROXY.x20UNKNOWN" back
logged "conn=1 .*rx=$(($(peer hello www.example.org | wc -c) + 4)) tx=0 "
