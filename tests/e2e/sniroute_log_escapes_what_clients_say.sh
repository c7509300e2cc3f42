#!/bin/sh
# SPDX-License-Identifier: ISC
# No raw control or non-ASCII byte from a client reaches the log, nor can a name forge a line or a field.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
serve -l 127.0.0.1:0 -r routes -v

for name in 'a\nsniroute: info: forged end=closed' 'a b' 'x" end=closed' '\x1b[31mred' \
    '\xff\xfe\x00' 'back\\slash' 'end=closed' "$(printf 'é')"; do
	client "$ADDR" "hello:$name" shut read >/dev/null
	client "$ADDR" "hello:www.example.org,alpn=$name" shut read >/dev/null
done
logged_times 16 'end=unreachable$'
! LC_ALL=C grep -nP '[^\x20-\x7e]' sniroute.log || fail "raw bytes in the log"
not_logged '^[^s]|^sniroute: info: forged'
not_logged 'name=[^" ]*[ ]?end='
logged 'name="\\u00ff\\u00fe\\u0000" '
# what readers of logfmt know: the escapes of JSON
python3 - sniroute.log <<-'END' || fail "a value no reader of logfmt takes"
	import json, re, sys
	for text in re.findall(r'="(?:[^"\\]|\\.)*"', open(sys.argv[1]).read()):
	    json.loads(text[1:])
END
lacks "$(grep -E 'name="' sniroute.log | sed -E 's/="([^"\\]|\\.)*"/=Q/g')" '"'
