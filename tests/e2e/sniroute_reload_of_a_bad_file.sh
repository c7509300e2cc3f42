#!/bin/sh
# SPDX-License-Identifier: ISC
# A file with bad lines is refused as a whole, every bad line is named, and the table before it stays in use.
. "${0%/*}/lib.sh"

named a
named b
echo "www.example.org tls=$(addr_of a)" >routes
serve -l 127.0.0.1:0 -r routes

cat >new <<-END
	www.example.org tls=$(addr_of b)
	mail.example.org tls=127.0.0.1
	# a comment
	ftp.example.org ftp=127.0.0.1:21
	ok.example.org tls=$(addr_of b)
	www.example.org tls=$(addr_of a)
END
mv new routes
logged 'routes:2: '
logged 'routes:4: '
logged 'routes:6: '
not_logged 'routes:[135]: '
answers www.example.org a || fail "the old table is lost"
refuses ok.example.org 112
sleep 2.2
same 1 "$(count 'routes:2: ')" "a bad file is reported once"
signal sniroute HUP
logged_times 2 'routes:2: '
echo "www.example.org tls=$(addr_of b)" >new
mv new routes
wait_for 4 answers www.example.org b || fail "the mended file is not used"
