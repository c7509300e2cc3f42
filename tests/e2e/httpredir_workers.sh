#!/bin/sh
# SPDX-License-Identifier: ISC
# Workers share the listening sockets; one that dies is replaced.
. "${0%/*}/lib.sh"

echo 'a.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes -j 2
for i in 1 2 3 4 5 6 7 8; do has "$(get /)" '^HTTP/1.1 308 '; done
victim=$(pgrep -P "$(pid_of httpredir)" | head -n 1)
kill -9 "$victim"
logged 'worker.*' httpredir
for i in 1 2 3 4; do has "$(get /)" '^HTTP/1.1 308 '; done
