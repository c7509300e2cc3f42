#!/bin/sh
# SPDX-License-Identifier: ISC
# More workers than descriptors allow: those there are serve, and what the others lack is logged once a second, not by each.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
begin=$(now_ms)
start sniroute sh -c 'ulimit -n 40; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -j 64
ADDR=$READY
answers www.example.org a || fail "not served"
wait_for 5 has_lines 2 'worker: socketpair: Too many open files' sniroute || fail "not told of"
n=$(count 'worker: ' sniroute)
[ "$n" -le $((($(now_ms) - begin) / 1000 + 1)) ] || fail "$n lines"
