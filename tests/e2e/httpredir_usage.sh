#!/bin/sh
# SPDX-License-Identifier: ISC
# Wrong usage exits 100 and says why; -h, -V and -c answer.
. "${0%/*}/lib.sh"

echo 'a.test tls=127.0.0.1:1' >routes
exits 0 "$HTTPREDIR" -h
has "$(cat out)" '--response-timeout'
exits 0 "$HTTPREDIR" -V
has "$(cat out)" '^httpredir [0-9]+\.[0-9]+\.[0-9]+'
exits 0 "$HTTPREDIR" -c -r routes
exits 100 "$HTTPREDIR" -c -r routes -w nowhere
exits 111 "$HTTPREDIR" -l 127.0.0.1:0 -r routes -w nowhere
while read -r what args; do
	# shellcheck disable=SC2086 # words are wanted
	exits 100 timeout 10 "$HTTPREDIR" $args
	[ -s err ] && [ ! -s out ] || fail "$what: no reason given"
	has "$(cat err)" "$what"
done <<-END
	trailing     -l 127.0.0.1:0 trailing
	frobnicate   -l 127.0.0.1:0 --frobnicate
	status       -l 127.0.0.1:0 -s 303
	status       -l 127.0.0.1:0 -s 200
	port         -l 127.0.0.1:0 -p 0
	port         -l 127.0.0.1:0 -p x
	https        -l 127.0.0.1:0 --https
	trust        -l 127.0.0.1:0 --trust 10.0.0.0/33
	accept-proxy -l 127.0.0.1:0 --accept-proxy=x
	response-timeout -l 127.0.0.1:0 --response-timeout 5s
END

exits 100 "$HTTPREDIR" -l 127.0.0.1:0 --trust x
has "$(cat err)" '"x" is not an address or CIDR'

# -c tells every one of them
exits 100 "$HTTPREDIR" -c -w nowhere -r badroutes -l nonsense -s 303 --trust x --accept-proxy=zzz
for what in nowhere badroutes nonsense --status --trust --accept-proxy; do
	has "$(cat err)" "$what"
done
exits 100 "$HTTPREDIR" -l 127.0.0.1:0 -w nowhere --trust x
exits 100 "$HTTPREDIR" -c --https -w nowhere -s 303 --trust x
for what in https nowhere --status --trust; do
	has "$(cat err)" "$what"
done

exits 111 "$HTTPREDIR" -l 127.0.0.1:0 -w missing
has "$(cat err)" missing
exits 111 "$HTTPREDIR" -l 127.0.0.1:0 -w routes
printf '%s\n' 'a.test http=pass:/x' 'b.test http=' >bad
exits 100 "$HTTPREDIR" -c -r bad
same 2 "$(grep -c '^bad:[12]: ' err)"
