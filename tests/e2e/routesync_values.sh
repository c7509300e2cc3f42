#!/bin/sh
# SPDX-License-Identifier: ISC
# Every spelling of a key and every form of a value becomes a line; other keys do not.
. "${0%/*}/lib.sh"

redis
wrap() { printf '{"Key":"%s","Value":"%s","LastIndex":0}' "$1" "$(printf %s "$2" | base64 -w0)"; }
put a.example "$(wrap tcprouter/service/a.example '{"addr":"10.0.0.1","tlsport":443,"httpport":80}')"
put B.Example '{"addr":"10.0.0.2","tlsport":"443","httpport":null,"clientsecret":""}'
put c.example 'tls=10.0.0.3:443 proxy=v2'
put CATCH_ALL '{"addr":"::1","tlsport":443}'
put old '{"addr":"10.0.0.4:8443","sni":"d.example","name":"old"}'
put t.example '{"clientsecret":"s3cret"}'
put '*.w.example' 'tls=h.example:443'
put :8000 tcp=localhost:1234
r set tcprouter/service/e.example tls=10.0.0.5:443
r set //tcprouter/service/f.example tls=10.0.0.6:443
r set tcprouter/services/g.example tls=10.0.0.7:443
r set /tcprouter/services/c.example tls=10.0.0.8:443
r set /other/service/x.example tls=10.0.0.9:443
r set tcprouter/service tls=10.0.0.9:443
r rpush /tcprouter/unrelated 1

exits 0 "$ROUTESYNC" -o routes --once --visitors /run/v "$STORE"
routes '* tls=[::1]:443' '*.w.example tls=h.example:443' ':8000 tcp=localhost:1234' \
    'a.example tls=10.0.0.1:443 http=10.0.0.1:80' 'b.example tls=10.0.0.2:443' 'c.example tls=10.0.0.3:443 proxy=v2' \
    'd.example tls=10.0.0.4:8443' 'e.example tls=10.0.0.5:443' 'f.example tls=10.0.0.6:443' \
    'g.example tls=10.0.0.7:443' 't.example tls=pass:/run/v http=unix:/run/v proxy=v2'
exits 0 "$SNIROUTE" -c -r routes
exits 0 "$ROUTESYNC" --visitors /run/v "$STORE"
cmp out routes || fail "standard output differs from the file"
exits 0 "$ROUTESYNC" --prefix /other/ "$STORE"
same "$(lines x.example\ tls=10.0.0.9:443)" "$(cat out)"
# what SCAN would take for a pattern is meant as it is
r set '/a[b]\*/service/y.example' tls=10.0.0.9:443
r set '/ab\x/service/z.example' tls=10.0.0.9:443
exits 0 "$ROUTESYNC" --prefix '/a[b]\*/' "$STORE"
same "$(lines y.example\ tls=10.0.0.9:443)" "$(cat out)"
