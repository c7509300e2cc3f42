#!/bin/sh
# SPDX-License-Identifier: ISC
# JSON on standard input: records, tcprouter's configuration, porxy's, other stores; broken JSON writes nothing.
. "${0%/*}/lib.sh"

from() { "$ROUTESYNC" "$@" - <in >out 2>err; }
printf '{"sni":"b.example","addr":"10.0.0.2:443"}\n{"sni":"a.example",\n"addr":"10.0.0.1"}\n' >in
from || fail "records: $(cat err)"
same "$(lines 'a.example tls=10.0.0.1:443' 'b.example tls=10.0.0.2:443')" "$(cat out)"
cp "$DATA/record/python.json" in
from -o routes || fail "wrapped records: $(cat err)"
routes_are 'old.example.org tls=10.0.0.9:8443' 'www.example.org tls=10.0.0.2:443 http=10.0.0.2:80' || fail "$(cat routes)"
same 644 "$(stat -c %a routes)" mode

# broken, empty, cut short: nothing is written
for text in '{"sni":"c.example","addr":"10.0.0.1"} {"sni"' 'x' '' ' '; do
	printf %s "$text" >in
	from -o routes && fail "taken: $text" || same 100 $? "exit code for: $text"
	routes_are 'old.example.org tls=10.0.0.9:8443' 'www.example.org tls=10.0.0.2:443 http=10.0.0.2:80' ||
		fail "the file was touched by: $text"
done

# the documented record that is broken inside is told and leaves all others alone; so does its last good line
{ cat "$DATA/record/documented.json"; echo '{"sni":"a.example","addr":"10.0.0.1"}'; } >in
from || fail "documented: $(cat err)"
has "$(cat err)" 'key=tcprouter/services/www.google.com malformed'
same "$(lines 'a.example tls=10.0.0.1:443')" "$(cat out)"
lines 'www.google.com tls=10.0.0.7:443' >routes
from -o routes || fail "documented: $(cat err)"
routes_are 'a.example tls=10.0.0.1:443' 'www.google.com tls=10.0.0.7:443' || fail "$(cat routes)"

# the guard counts against the file
seq 100 | sed 's,.*,{"sni":"h&.example"\,"addr":"10.0.0.1"},' >in
from -o many
echo '{"sni":"a.example","addr":"10.0.0.1"}' >in
from -o many && fail "not held back" || same 111 $?
has "$(cat err)" 'held back: 100 of 100'
from -o many --max-shrink 100 || fail "$(cat err)"
same 1 "$(grep -c = many)"

if command -v tomlq >/dev/null; then
	tomlq . "$DATA/record/router.toml" | "$ROUTESYNC" - >toml 2>err || fail "router.toml: $(cat err)"
	same "$(lines '* tls=127.0.0.1:9092 http=127.0.0.1:8080' \
	    'tunnel.example.org tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2' \
	    'www.google.com tls=172.217.19.46:443 http=172.217.19.46:80')" "$(cat toml)"
	yq . "$DATA/record/porxy.yaml" | "$ROUTESYNC" - >yaml 2>err || fail "porxy.yaml: $(cat err)"
	same "$(lines '127.0.0.1:8080 tcp=localhost:8000' ':11000 tcp=10.0.0.7:6379')" "$(cat yaml)"
	LC_ALL=C sort -m toml yaml | uniq >both
	exits 0 "$SNIROUTE" -c -r both
fi
# another store, that knows keys and values
jq -nc '{"/tcprouter/service/e.example": {addr: "10.0.0.5", tlsport: 443}} | to_entries[] |
    {Key: .key, Value: (.value | tojson | @base64)}' | "$ROUTESYNC" - >out
same "$(lines 'e.example tls=10.0.0.5:443')" "$(cat out)"
# a service may be named like another record, and be for another name
printf %s '{"server":{"services":{"x":{"addr":"h","tlsport":1,"sni":"y"}}}}{"sni":"x","addr":"h:2"}' | "$ROUTESYNC" - >out
same "$(lines 'x tls=h:2' 'y tls=h:1')" "$(cat out)"
