#!/bin/sh
# SPDX-License-Identifier: ISC
# --put of a sorted file somebody wrote by hand: TABs, several blanks, comments and CRs are no part of keys and values.
. "${0%/*}/lib.sh"

redis
{
	printf '#!routes sorted\n# by hand\n:8000\ttcp=unix:/run/X#1\na.example\ttls=127.0.0.1:443\n'
	printf 'b.example  tls=127.0.0.1:444   # comment\nb.example http=127.0.0.1:80\tproxy=v2 # more\n'
	printf 'c.example tls=127.0.0.1:445 #\nd.example tls=127.0.0.1:446 \ne.example tls=127.0.0.1:447\r\n'
} >file
exits 0 "$SNIROUTE" -c -r file
exits 0 "$ROUTESYNC" --put file "$STORE"
same '/tcprouter/service/:8000
/tcprouter/service/a.example
/tcprouter/service/b.example
/tcprouter/service/c.example
/tcprouter/service/d.example
/tcprouter/service/e.example' "$(redis-cli -s redis.sock --scan | sort)" keys
value() { same "$2" "$(redis-cli -s redis.sock get "/tcprouter/service/$1")" "$1"; }
value :8000 'tcp=unix:/run/X#1'
value a.example tls=127.0.0.1:443
value b.example 'tls=127.0.0.1:444 http=127.0.0.1:80 proxy=v2'
value c.example tls=127.0.0.1:445
value d.example tls=127.0.0.1:446
value e.example tls=127.0.0.1:447

# the same file as the old one: a malformed key finds its line there
cp file routes
r set /tcprouter/service/a.example broken
r set /tcprouter/service/b.example broken
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
has "$(cat routes)" '^a\.example tls=127\.0\.0\.1:443$'
has "$(cat routes)" '^b\.example tls=127\.0\.0\.1:444'
exits 0 "$SNIROUTE" -c -r routes
