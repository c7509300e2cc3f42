#!/bin/sh
# SPDX-License-Identifier: ISC
# JSON on standard input that is no record, or none that is good, writes nothing and exits 100.
. "${0%/*}/lib.sh"

lines 'a tls=10.0.0.1:1' 'b tls=10.0.0.1:1' >routes
cp routes good
for text in null true 5 '"x"' '[]' '[{"sni":"a","addr":"10.0.0.1:2"}]' '{"sni":"a","addr":"10.0.0.1:2"} null' '{}' \
    '{"error":"unauthorized"}' '{"sni":"a"} {"addr":"10.0.0.1:2"}' '{"server":{"services":{"a":{"addr":"?"}}}}'; do
	printf %s "$text" >in
	exits 100 "$ROUTESYNC" -o routes - <in
	[ -s err ] || fail "no reason for: $text"
	cmp routes good || fail "the file was touched by: $text"
	exits 100 "$ROUTESYNC" - <in
	same '' "$(cat out)" "output for: $text"
done

# some are good, or there are none in a configuration that is whole
printf %s '{"error":"x"} {"sni":"a","addr":"10.0.0.1:2"}' >in
exits 0 "$ROUTESYNC" - <in
same "$(lines 'a tls=10.0.0.1:2')" "$(cat out)"
printf %s '{"server":{"addr":"0.0.0.0"}}' >in
exits 0 "$ROUTESYNC" - <in
same "$(lines)" "$(cat out)"
