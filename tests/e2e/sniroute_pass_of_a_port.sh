#!/bin/sh
# SPDX-License-Identifier: ISC
# tcp=pass: on a listening address hands over at once what nobody peeked at, under the name that as= gives it, in lower case.
. "${0%/*}/lib.sh"

start_peer tunneld receiver "unix:$T/visitors" send:banner read
port=$(free_port)
echo "127.0.0.1:$port tcp=pass:$T/visitors as=DB.Tun.example.com." >routes
echo "unix:$T/in.sock tcp=pass:$T/visitors as=db2.tun.example.com" >>routes
serve -r routes

same "got=banner
got= end=eof" "$(client 127.0.0.1:"$port" recv:6 send:query shut read)"
tlvs="( authority=db\.tun\.example\.com| kind=tcp){2}"
logged "^1 proxy=v2 cmd=PROXY family=11 src=[^ ]+ dst=127\.0\.0\.1:$port$tlvs behind=0 fds=1 then=eof$" tunneld
logged '^1 got=query end=eof' tunneld
logged "name=db\.tun\.example\.com route=127\.0\.0\.1:$port target=pass:$T/visitors hello=- .*end=passed$"
same "got=banner end=eof" "$(client "unix:$T/in.sock" send:query shut read)"
logged "^2 proxy=v2 cmd=LOCAL family=00( authority=db2\.tun\.example\.com| kind=tcp){2} behind=0 fds=1" tunneld
