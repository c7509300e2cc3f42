#!/bin/sh
# SPDX-License-Identifier: ISC
# With several -r the best match of all files counts, and among equals the first file.
. "${0%/*}/lib.sh"

for s in a b c; do named $s; done
printf '%s\n' "*.example.org tls=$(addr_of a)" "both.example.net tls=$(addr_of a)" >first
printf '%s\n' "www.example.org tls=$(addr_of b)" "*.example.org tls=$(addr_of b)" "both.example.net tls=$(addr_of b)" \
    "* tls=$(addr_of b)" >second
printf '%s\n' "* tls=$(addr_of c)" "*.deep.example.org tls=$(addr_of c)" >third
serve -l 127.0.0.1:0 -r first -r second -r third

answers www.example.org b || fail "exact in the second beats a wildcard in the first"
answers x.example.org a || fail "the first of equal wildcards"
answers both.example.net a || fail "the first of equal names"
answers a.deep.example.org c || fail "the longest wildcard wherever it is"
answers other.net b || fail "the first catch-all"
echo "www.example.org tls=$(addr_of c)" >new
mv new first
wait_for 4 answers www.example.org c || fail "a change of the first file"
answers x.example.org b || fail "the second file lost"
echo broken >third
logged 'third:1: '
answers a.deep.example.org c || fail "the third file's table lost"
