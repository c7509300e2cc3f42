#!/bin/sh
# SPDX-License-Identifier: ISC
# An alert carries the version of the client's hello, 0303 at most, and the record's before the hello's is known.
. "${0%/*}/lib.sh"

echo "www.example.org tls=127.0.0.1:9" >routes
serve -l 127.0.0.1:0 -r routes

while read -r want hello; do
	has "$(client "$ADDR" "$hello" alert)" "^alert=[0-9]+ version=$want end=eof$"
done <<-END
	0301 hello:a.example.org,version=0301
	0302 hello:a.example.org,version=0302,record=0301
	0303 hello:a.example.org,version=0303,record=0301
	0303 hello:a.example.org,version=0304,record=0301
	0303 hello:a.example.org,version=ffff,record=0303
	0300 hello:a.example.org,version=0300,record=0300
	0302 hex:1603024001
	0301 hex:1603014001
	0303 hex:1603094001
END
