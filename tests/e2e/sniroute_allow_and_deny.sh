#!/bin/sh
# SPDX-License-Identifier: ISC
# allow= and deny= judge the peer: deny beats allow, allow shuts everybody else out, nobody falls through; alert 49.
. "${0%/*}/lib.sh"

named a
a=$READY
cat >routes <<-END
	one.example.org    tls=$a allow=127.0.0.1
	net.example.org    tls=$a allow=127.0.0.0/24,2001:db8::/32 deny=127.0.0.3,127.0.0.128/25
	deny.example.org   tls=$a deny=127.0.0.1
	six.example.org    tls=$a allow=::1
	all.example.org    tls=$a deny=0.0.0.0/0
	*.example.org      tls=$a
	*                  tls=$a
END
serve -l 127.0.0.1:0 -l '[::1]:0' -r routes
six=${READY#* }

from() { client "$ADDR" "from:$1" "hello:$2" shut alert; }
denied='^alert=49 version=0303 end=eof$'
same "got=a end=eof" "$(from 127.0.0.1 one.example.org)"
has "$(from 127.0.0.2 one.example.org)" "$denied"
same "got=a end=eof" "$(from 127.0.0.2 net.example.org)"
has "$(from 127.0.0.3 net.example.org)" "$denied"
has "$(from 127.0.0.200 net.example.org)" "$denied"
has "$(from 127.0.1.1 net.example.org)" "$denied"
has "$(from 127.0.0.1 deny.example.org)" "$denied"
same "got=a end=eof" "$(from 127.0.0.2 deny.example.org)"
same "got=a end=eof" "$(ask "$six" six.example.org)"
has "$(from 127.0.0.1 six.example.org)" "$denied"
has "$(from 127.0.0.1 all.example.org)" "$denied"
same "got=a end=eof" "$(ask "$six" all.example.org)" "0.0.0.0/0 is all of v4, not of v6"
logged 'name=one\.example\.org route=one\.example\.org target=- hello=ok rx=[0-9]+ tx=7 ms=[0-9]+ end=denied$'
