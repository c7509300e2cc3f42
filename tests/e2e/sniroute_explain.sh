#!/bin/sh
# SPDX-License-Identifier: ISC
# --explain tells which line would serve a name, and whether that is a refusal, without opening a connection.
. "${0%/*}/lib.sh"

cat >first <<-END
	www.example.org  tls=127.0.0.1:4431 alpn:acme-tls/1=127.0.0.1:4432
	*.example.org    tls=127.0.0.1:4433,127.0.0.1:4434 proxy=v2
	in.example.org   tls=127.0.0.1:4435 allow=10.0.0.0/8
END
echo "*.example.net tls=pass:/run/visitors" >second

exits 0 "$SNIROUTE" -r first -r second -x WWW.example.org.
has "$(cat out)" 'first:1' && has "$(cat out)" '127\.0\.0\.1:4431'
lacks "$(cat out)" '4432'
exits 0 "$SNIROUTE" -r first -r second -x www.example.org,alpn=acme-tls/1
has "$(cat out)" 'first:1' && has "$(cat out)" '127\.0\.0\.1:4432'
exits 0 "$SNIROUTE" -r first -r second --explain a.b.example.org
has "$(cat out)" 'first:2' && has "$(cat out)" '127\.0\.0\.1:4433' && has "$(cat out)" '127\.0\.0\.1:4434'
exits 0 "$SNIROUTE" -r first -r second -x x.example.net
has "$(cat out)" 'second:1' && has "$(cat out)" 'pass:/run/visitors'
exits 0 "$SNIROUTE" -r first -r second -x in.example.org,src=10.1.2.3
has "$(cat out)" 'first:3' && has "$(cat out)" ' src=10\.1\.2\.3$'
exits 0 "$SNIROUTE" -r first -r second -x x.example.net,src=2001:db8::1
has "$(cat out)" ' src=2001:db8::1$'
exits 100 "$SNIROUTE" -r first -r second -x in.example.org,src=192.0.2.1
has "$(cat out)" '^refused: .*alert 49' && has "$(cat out)" 'first:3'
exits 100 "$SNIROUTE" -r first -r second -x example.net
has "$(cat out)" '^refused: .*alert 112'
lacks "$(cat out)" 'HTTP'
echo 'web.test http=127.0.0.1:8000' >third
exits 100 "$SNIROUTE" -r third -x Web.test
has "$(cat out)" '^plain HTTP, which httpredir serves: third:1: web.test http=127.0.0.1:8000$'

peer hello www.example.org,alpn=acme-tls/1,split=30 >hello
exits 0 "$SNIROUTE" -r first -r second -x - <hello
has "$(cat out)" 'first:1' && has "$(cat out)" '127\.0\.0\.1:4432' && has "$(cat out)" 'ok'
peer hello nobody.test >hello
exits 100 "$SNIROUTE" -r first -x - <hello
while read -r word bytes; do
	printf "$bytes" >hello
	exits 100 "$SNIROUTE" -r first -x - <hello
	has "$(cat out)" "$word"
done <<-'END'
	not-tls    GET / HTTP/1.0
	malformed  \026\003\001\100\001
	eof        \026\003\001
END
# from somebody who doesn't end: no more is waited for than a client would get
mkfifo open
exec 9<>open
exits 100 "$SNIROUTE" -r first -x - --hello-timeout 0.1 <open
has "$(cat out)" '^hello=timeout ' && has "$(cat out)" '^refused: '
peer hello www.example.org >&9
exits 0 timeout 5 "$SNIROUTE" -r first -x - --hello-timeout 0 <open
has "$(cat out)" '^hello=ok '
# behind a balancer a PROXY header comes first, as it does to a sniroute with these options
peer hello in.example.org >hello
{ printf 'PROXY TCP4 10.1.2.3 192.0.2.2 1 2\r\n' && cat hello; } >proxied
for asked in '--accept-proxy -x -' '--accept-proxy=192.0.2.9 -x -,src=192.0.2.9'; do
	# shellcheck disable=SC2086 # two words are wanted
	exits 0 "$SNIROUTE" -r first $asked <proxied
	has "$(cat out)" '^hello=ok .* src=10\.1\.2\.3$' && has "$(cat out)" '^client: admitted$'
done
exits 100 "$SNIROUTE" -r first --accept-proxy=192.0.2.9 -x -,src=10.1.2.3 <proxied
has "$(cat out)" '^hello=not-tls '
exits 100 "$SNIROUTE" -r first --accept-proxy -x - <hello
has "$(cat out)" '^hello=malformed ' && has "$(cat out)" '^refused: the PROXY header is broken or missing$'
exits 100 "$SNIROUTE" -r first -x www.example.org,colour=red
exits 100 "$SNIROUTE" -x www.example.org

# a file that is away is no refusal; one with errors is as wrong as ever, and so is any of them for --check
exits 111 "$SNIROUTE" -r first -r none -x www.example.org
has "$(cat err)" 'none: '
exits 100 "$SNIROUTE" -r first -r none -c
echo 'www.example.org' >bad
exits 100 "$SNIROUTE" -r bad -x www.example.org
