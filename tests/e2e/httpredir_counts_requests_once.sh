#!/bin/sh
# SPDX-License-Identifier: ISC
# Each request counts once, by what became of it; a head that never comes whole is none.
. "${0%/*}/lib.sh"

web one
backend mute 'until:\r\n\r\n' read
printf '%s\n' "a.test http=$(addr_of one)" "down.test http=127.0.0.1:$(free_port)" "mute.test http=$(addr_of mute)" \
    'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes -m "unix:$T/metrics" --hello-timeout 1 --idle-timeout 1 --response-timeout 1
# counts PROXY FAILED REFUSED REDIRECT
counts() {
	metric_is "$1" 'httpredir_requests_total{by="proxy"}'
	metric_is "$2" 'httpredir_requests_total{by="failed"}'
	metric_is "$3" 'httpredir_requests_total{by="refused"}'
	metric_is "$4" 'httpredir_requests_total{by="redirect"}'
}
same "408 eof" "$(statuses 'send:GET / HT')"
counts 0 0 0 0
same "200 eof" "$(statuses 'send:GET /head HTTP/1.1\r\nHost: a.test\r\n\r\n')"
counts 1 0 0 0
same "502 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: down.test\r\n\r\n')"
counts 1 1 0 0
same "504 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: mute.test\r\n\r\n')"
counts 1 2 0 0
same "408 eof" "$(statuses 'send:POST / HTTP/1.1\r\nHost: mute.test\r\nContent-Length: 5\r\n\r\nhe')"
counts 1 3 0 0
same "308 404 400 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\nGET / HTTP/1.1\r\nHost: x.test\r\n\r\nrubbish\r\n\r\n')"
counts 1 3 2 1
# the client leaves before the answer
client "$ADDR" 'send:GET / HTTP/1.1\r\nHost: mute.test\r\n\r\n' sleep:0.2 rst
counts 2 3 2 1
metric_is 2 'httpredir_answers_total{class="5xx"}'
metric_is 4 'httpredir_answers_total{class="4xx"}'
