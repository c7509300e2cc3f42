#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer of a target that was never passed on, since its body is broken from the start, does not count as one.
. "${0%/*}/lib.sh"

web one
backend part 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n' sleep:0.3 'send:ZZ\r\n' read
printf '%s\n' "a.test http=$(addr_of one)" "part.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
bad=$(printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n' | od -An -v -tx1 | tr -d ' \n')
has "$(get "/rawend/$bad")" '^HTTP/1.1 502 '
metric_is 1 'httpredir_answers_total{class="5xx"}'
metric_is 0 'httpredir_answers_total{class="2xx"}'
# of this one a part was passed on
has "$(raw 'send:GET / HTTP/1.1\r\nHost: part.test\r\n\r\n')" '^got=HTTP/1.1.x20200.*ok.x0d.x0a end=eof'
has "$(get /head)" '^HTTP/1.1 200 '
metric_is 2 'httpredir_answers_total{class="2xx"}'
metric_is 1 'httpredir_answers_total{class="5xx"}'
