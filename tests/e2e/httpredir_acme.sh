#!/bin/sh
# SPDX-License-Identifier: ISC
# Challenges are answered with the plain files of -w, for any name, and with nothing else.
. "${0%/*}/lib.sh"

mkdir web outside
echo secret >outside/secret
echo token-text >web/tok_EN-1
ln -s ../outside/secret web/link
ln web/tok_EN-1 web/hard
mkdir web/folder
mkfifo web/fifo
echo dot >web/.dot
head -c 20000 /dev/zero >web/big
: >web/empty
echo 'a.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes -w web
c=/.well-known/acme-challenge
has "$(get $c/tok_EN-1)" '^token-text$'
has "$(HOST=unknown.test get $c/tok_EN-1)" '^HTTP/1.1 200 '
has "$(get $c/tok_EN-1 -I)" '^Content-Length: 11'
has "$(get $c/empty)" '^Content-Length: 0'
has "$(get "$c/tok_EN-1?x=/1")" '^token-text$'
for path in link folder fifo .dot big none '' ../acme-challenge/tok_EN-1 ../../routes '%2e%2e/routes' 'tok_EN-1/' 'tok_EN-1/?x' '?tok_EN-1' 'tok_EN-1%00'; do
	has "$(get "$c/$path" --path-as-is)" '^HTTP/1.1 404 '
done
has "$(get $c/tok_EN-1 -X POST)" '^HTTP/1.1 405 '
logged 'end=denied$' httpredir
same "405 200 eof" "$(statuses "send:POST $c/tok_EN-1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi" \
    "send:GET $c/tok_EN-1 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")"
mv web old && mkdir web && echo newer >web/tok2
has "$(get $c/tok2)" '^newer$'
