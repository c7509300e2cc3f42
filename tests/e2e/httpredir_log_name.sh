#!/bin/sh
# SPDX-License-Identifier: ISC
# The log has the name that is reported to the target: the host asked for, else that of as=, else what stood in its place.
. "${0%/*}/lib.sh"

web one 127.0.0.1:0
echo "* http=$READY as=other.test" >routes
front -l 127.0.0.1:0 -r routes
same "200 eof" "$(statuses 'send:GET /body HTTP/1.0\r\n\r\n')"
logged 'conn=1 .* name=other\.test route=\* .* end=closed' httpredir
has "$(HOST=192.0.2.7 get /body)" ' 200 '
logged 'conn=2 .* name=other\.test route=\* .* end=closed' httpredir
has "$(HOST=A.test get /body)" ' 200 '
logged 'conn=3 .* name=a\.test route=\* .* end=closed' httpredir
stop httpredir

# a redirect leads to the host all the same
echo "* tls=$(addr_of one) as=other.test" >routes
front -l 127.0.0.1:0 -r routes
has "$(HOST=192.0.2.7 get /x)" '^Location: https://192\.0\.2\.7/x'
logged 'conn=1 .* name=other\.test route=\* target=- .* end=closed' httpredir
stop httpredir

echo "* http=$(addr_of one)" >routes
front -l 127.0.0.1:0 -r routes
has "$(HOST=192.0.2.7 get /body)" ' 200 '
logged 'conn=1 .* name=192\.0\.2\.7 route=\* .* end=closed' httpredir
