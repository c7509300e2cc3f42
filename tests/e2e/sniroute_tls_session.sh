#!/bin/sh
# SPDX-License-Identifier: ISC
# A whole TLS session passes through untouched: the certificate verifies and a large file arrives unchanged.
. "${0%/*}/lib.sh"

certificate cert.pem www.example.org
tls_server back cert.pem
head -c 20000000 /dev/urandom >back/file
echo "www.example.org tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

curl -sS --max-time 60 --connect-to "::$ADDR" --cacert cert.pem.crt https://www.example.org/file | cmp - back/file
curl -sS --max-time 60 --tls-max 1.2 --connect-to "::$ADDR" --cacert cert.pem.crt https://www.example.org/file |
	cmp - back/file
logged_times 2 'hello=ok rx=[0-9]+ tx=2[0-9]{7} ms=[0-9]+ end=closed$'
