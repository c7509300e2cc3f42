#!/bin/sh
# SPDX-License-Identifier: ISC
# A malformed record on standard input leaves the route and the secret the files hold of it, and a good record, alone.
. "${0%/*}/lib.sh"

from() { printf '%s\n' "$@" | "$ROUTESYNC" -o routes --secrets secrets - 2>err; }
tunnel='tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2'
from '{"clientsecret":"hunter2","sni":"s"}' '{"addr":"10.0.0.1:1","sni":"a"}' '{"addr":"10.0.0.1:1","sni":"gone"}' ||
	fail "$(cat err)"
cp secrets good
from '{"clientsecret":["hunter2"],"sni":"S"}' '{"addr":"10.0.0.1:2","sni":"a"}' '{"addr":[],"sni":"a"}' || fail "$(cat err)"
routes_are 'a tls=10.0.0.1:2' "s $tunnel" || fail "$(cat routes)"
cmp good secrets || fail "the secret is lost: $(cat secrets)"

# without a routes file the secrets are all there is to go by
printf %s '{"clientsecret":["hunter2"],"sni":"S"} {"addr":"10.0.0.1:2","sni":"a"}' >in
exits 0 "$ROUTESYNC" --secrets secrets - <in
same "$(lines 'a tls=10.0.0.1:2' "s $tunnel")" "$(cat out)"
cmp good secrets || fail "the secret is lost: $(cat secrets)"

# of no name: whatever it gave stays
from '{"clientsecret":["hunter2"]}' '{"addr":"10.0.0.1:3","sni":"a"}' || fail "$(cat err)"
routes_are 'a tls=10.0.0.1:3' "s $tunnel" || fail "$(cat routes)"
cmp good secrets || fail "the secret is lost: $(cat secrets)"
has "$(cat err)" 'kept 1 routes that no valid record accounts for'
# nor can one be read from its sni, whatever its key is
for sni in 5 '"s..t"' '"s t"'; do
	from "{\"clientsecret\":\"hunter2\",\"sni\":$sni}" '{"addr":"10.0.0.1:3","sni":"a"}' || fail "$(cat err)"
	routes_are 'a tls=10.0.0.1:3' "s $tunnel" || fail "sni $sni: $(cat routes)"
	cmp good secrets || fail "the secret is lost: $(cat secrets)"
	from "{\"server\":{\"services\":{\"key\":{\"addr\":\"h\",\"tlsport\":1,\"sni\":$sni},
	    \"a\":{\"addr\":\"10.0.0.1\",\"tlsport\":3}}}}" || fail "$(cat err)"
	routes_are 'a tls=10.0.0.1:3' "s $tunnel" || fail "sni $sni with a key: $(cat routes)"
done
# though another record has that key for a name
for services in '"a":{"addr":"h","tlsport":1,"sni":"s t"},"k":{"addr":"10.0.0.1","tlsport":3,"sni":"a"}' \
	'"k":{"addr":"10.0.0.1","tlsport":3,"sni":"a"},"a":{"addr":"h","tlsport":1,"sni":"s t"}'; do
	sed -i '/^a /d' routes		# of that name there is no line
	from "{\"server\":{\"services\":{$services}}}" || fail "$(cat err)"
	routes_are 'a tls=10.0.0.1:3' "s $tunnel" || fail "$services: $(cat routes)"
done
from '{"addr":"10.0.0.1:3","sni":"a"}' || fail "$(cat err)"
routes_are 'a tls=10.0.0.1:3' || fail "$(cat routes)"
same '' "$(cat secrets)" secrets

# several in one stream may have one name, or none: each keeps what it gave
listeners() { printf '{"listeners":[%s],"backends":[{"name":"b","host":"127.0.0.1","port":%s}]}' "$1" "$2"; }
good='{"port":8000,"backend":"b"},{"port":8001,"backend":"b"},{"name":"x","port":8002,"backend":"b"}'
from "$(listeners "$good,{\"name\":\"x\",\"port\":8003,\"backend\":\"b\"},{\"port\":8004,\"backend\":\"b\"}" 1)" || fail "$(cat err)"
from "$(listeners "$(printf %s "$good" | sed 's/"b"/"gone"/g'),{\"name\":\"x\",\"port\":8003,\"backend\":\"gone\"},
    {\"port\":8004,\"backend\":\"b\"}" 2)" || fail "$(cat err)"
routes_are ':8000 tcp=127.0.0.1:1' ':8001 tcp=127.0.0.1:1' ':8002 tcp=127.0.0.1:1' ':8003 tcp=127.0.0.1:1' \
	':8004 tcp=127.0.0.1:2' || fail "$(cat routes)"
has "$(cat err)" 'record key=x malformed'
has "$(cat err)" 'record key=listener malformed'
