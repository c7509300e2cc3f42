#!/bin/sh
# SPDX-License-Identifier: ISC
# Names of the routes file without http= are sent to https with path and query as sent; unknown ones get 404.
. "${0%/*}/lib.sh"

printf '%s\n' 'a.test tls=127.0.0.1:1' '*.wild.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
has "$(get '/a%20b//../c?d=%2f&e' --path-as-is)" '^HTTP/1.1 308 '
has "$(get '/a%20b//../c?d=%2f&e' --path-as-is)" '^Location: https://a\.test/a%20b//\.\./c\?d=%2f&e'
has "$(HOST=A.Test:8080 get /x)" '^Location: https://a\.test/x'
has "$(HOST=a.test. get /x)" '^Location: https://a\.test/x'
has "$(HOST=x.y.wild.test get /)" '^Location: https://x\.y\.wild\.test/'
has "$(HOST=wild.test get /)" '^HTTP/1.1 404 Not Found'
has "$(HOST=other.test get /)" '<h1>404 Not Found</h1>'
has "$(HOST=192.0.2.1 get /)" '^HTTP/1.1 404 '
head=$(get /x -I)
has "$head" '^HTTP/1.1 308 '
has "$head" '^Content-Length: 0'
has "$head" '^Date: ..., .. ... .... ..:..:.. GMT'
has "$(get /x -X POST)" '^HTTP/1.1 308 '
logged 'name=x\.y\.wild\.test route=\*\.wild\.test target=- hello=ok .*end=closed$' httpredir
logged 'name=other\.test route=- .*end=no-route$' httpredir
stop httpredir
echo '* tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
has "$(HOST=192.0.2.1 get /q)" '^Location: https://192\.0\.2\.1/q'
