#!/bin/sh
# SPDX-License-Identifier: ISC
# A PROXY header and the head behind it have one deadline, which begins when the client comes.
. "${0%/*}/lib.sh"

front -l 127.0.0.1:0 --accept-proxy --hello-timeout 2
has "$(raw sleep:1.2 proxy2:local 'send:GET / HTTP')" '^got=HTTP/1.1.x20408.* end=eof$'
logged 'hello=timeout .* end=hello$' httpredir
ms=$(sed -n 's/.* ms=\([0-9]*\) .*/\1/p' httpredir.log)
[ "$ms" -lt 3100 ] || fail "408 after $ms ms"
