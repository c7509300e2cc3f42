#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer of a target that was never passed on, since its body is broken from the start, does not count as one. One
# with a status beyond 599, as some programs have, is passed on and counts as 5xx.
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
odd=$(printf 'HTTP/1.1 999 Request denied\r\nContent-Length: 2\r\n\r\nno' | od -An -v -tx1 | tr -d ' \n')
has "$(raw "send:GET /raw/$odd HTTP/1.1\r\nHost: a.test\r\n\r\nGET /head HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")" \
    '^got=HTTP/1.1.x20999.x20Request.x20denied.*noHTTP/1.1.x20200.* end=eof'
metric_is 2 'httpredir_answers_total{class="5xx"}'
metric_is 3 'httpredir_answers_total{class="2xx"}'
