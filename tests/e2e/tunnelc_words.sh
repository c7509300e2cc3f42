#!/bin/sh
# SPDX-License-Identifier: ISC
# Which local target a visitor gets: by kind, then by name, exact before the longest wildcard before none.
. "${0%/*}/lib.sh"

for name in exact long short rest web db; do
	named $name
	eval "$name=\$READY"
done
start_peer sock server "unix:$T/sock" send:sock shut read
dead=127.0.0.1:$(free_port)

echo "$(key c.key) names=app.test,*.app.test,other.test" >auth
key v1.key >>auth
key v2.key >>auth
hub -a auth
# shellcheck disable=SC2154 # set by eval
tunnel c "tls=$rest" "tls:*.app.test=$short" "tls:*.a.app.test=$long" "tls:x.a.app.test=$exact" \
    "http:other.test=$dead,$web" "tcp:db.app.test=$db" "tcp:s.app.test=unix:$T/sock" "tcp:dead.app.test=$dead"

gets() { same "got=$3 end=eof" "$(visit "$1,kind=$2,src=192.0.2.7:1234" shut read)" "$1 $2"; }
gets x.a.app.test tls exact
gets y.a.app.test tls long
gets z.y.a.app.test tls long
gets a.app.test tls short
gets app.test tls rest
gets other.test tls rest
gets "$ID.tun.test" tls rest
gets X.A.App.Test. tls exact
gets db.app.test tcp db
gets s.app.test tcp sock
gets other.test http web
logged 'peer=192.0.2.7:1234 name=x.a.app.test route=tls:x.a.app.test target=127.0.0.1:[0-9]+ hello=- rx=0 tx=5 ms=[0-9]+ end=closed' c
logged 'name=z.y.a.app.test route=tls:\*.a.app.test ' c
logged 'name=app.test route=tls target=' c
logged "name=s.app.test route=tcp:s.app.test target=unix:$T/sock " c

# A kind or a name nobody takes, and a service that is not there: for http an answer, for others a reset.
same "got= end=reset" "$(hand_over app.test,kind=tcp read)"
has "$(visit app.test,kind=http 'send:GET / HTTP/1.1\r\nHost: app.test\r\n\r\n' read)" '^got=HTTP/1.1\\x20502.*Tunnel-Error:\\x20local'
logged 'name=app.test route=- target=- hello=- rx=0 tx=0 .* end=no-route' c
same "got= end=reset" "$(hand_over dead.app.test,kind=tcp read)"
logged "name=dead.app.test route=tcp:dead.app.test target=$dead .* end=unreachable" c
gets db.app.test tcp db

# proxy= puts the visitor's header in front: addresses, the name asked for, the kind.
backend greeted proxy read && GREETED=$READY
head=192.0.2.7:1234,dst=192.0.2.8:443
tunnel v1 "tcp=$GREETED" proxy=v1
same "got= end=eof" "$(visit "$ID.tun.test,kind=tcp,src=$head" send:hello shut read)"
logged '^1 proxy=v1 line=PROXY\\x20TCP4\\x20192.0.2.7\\x20192.0.2.8\\x201234\\x20443$' greeted
logged '^1 got=hello end=eof$' greeted
same "got= end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
logged '^2 proxy=v1 line=PROXY\\x20UNKNOWN$' greeted
logged '^2 got=hello end=eof$' greeted
logged 'peer=192.0.2.7:1234 .* rx=5 tx=0 .* end=closed' v1
tunnel v2 "tls=$GREETED" proxy=v2
visit "$ID.tun.test,kind=tls,src=$head,alpn=h2" 'hex:16030100' shut read >out
logged "^3 proxy=v2 cmd=PROXY family=11 src=192.0.2.7:1234 dst=192.0.2.8:443 alpn=h2 authority=$ID.tun.test kind=tls$" greeted
logged '^3 got=\\x16\\x03\\x01\\x00 end=eof$' greeted
