#!/bin/sh
# SPDX-License-Identifier: ISC
# -c prints every error as FILE:LINE: reason and exits 100, or 0 for a good file, and binds nothing.
. "${0%/*}/lib.sh"

named a
cat >good <<-END
	# NAME              KEY=VALUE
	www.python.org      tls=151.101.240.223:443
	*.example.org       tls=10.0.0.2:8443,10.0.0.3:8443 balance=source proxy=v2
	myserver.local      http=127.0.0.1:8000
	*.tun.example.com   tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2
	internal.corp       tls=10.1.0.5:443 allow=10.0.0.0/8,2001:db8::/32	# comment
	www.example.net     tls=10.0.0.9:443 alpn:acme-tls/1=127.0.0.1:10443
	:8000               tcp=localhost:1234
	$(addr_of a)        tcp=127.0.0.1:6379
	:2222               tcp=pass:/run/tunneld/visitors as=db.tun.example.com
	www.python.org      http=127.0.0.1:80
	*                   tls=127.0.0.1:9092 tcp=unix:/run/httpredir.sock

END
exits 0 "$SNIROUTE" -c -l "$(addr_of a)" -r good
same "" "$(cat out err)"

cat >bad <<-END
	a.example.org   tls=127.0.0.1:443 colour=red
	b.example.org   tls=127.0.0.1
	c.example.org   tls=127.0.0.1:443,
	d.example.org   tls=
	e.example.org
	f.example.org   proxy=v2
	g.example.org   tcp=127.0.0.1:80
	:8443           tls=127.0.0.1:443
	h.example.org   tls=127.0.0.1:443 as=x.example.org
	good.example.org tls=127.0.0.1:443
	GOOD.example.org. tls=127.0.0.1:444
	i.example.org   tls=127.0.0.1:443 allow=10.0.0.0/33
	j.example.org   tls=127.0.0.1:443 deny=
	k.example.org   http=pass:/run/x
	l.example.org   tls=127.0.0.1:99999
	m.example.org   tls=127.0.0.1:443 proxy=v3
	n.example.org   tls=127.0.0.1:443 balance=random
	o.example.org   tls=127.0.0.1:443 max=-1
	p..example.org  tls=127.0.0.1:443
	q.example.org   tls=:443
	r.example.org   tls=127.0.0.1:443 trailing
	s.example.org   tls=127.0.0.1:443 tls=127.0.0.1:444
	t.example.org   tls=pass:relative
	*.*.example.org tls=127.0.0.1:443
	127.0.0.1:x     tcp=127.0.0.1:80
	:8444           http=127.0.0.1:80
	:8445           alpn:h2=127.0.0.1:80
END
exits 100 "$SNIROUTE" -c -r bad
for n in $(seq 27); do
	[ "$n" = 10 ] || has "$(cat err)" "^bad:$n: .+"
done
lacks "$(cat err)" '^bad:10:'
lacks "$(grep -v '^bad:' err)" .
exits 100 "$SNIROUTE" -c -r good -r bad
has "$(cat err)" '^bad:27: '
exits 100 "$SNIROUTE" -l 127.0.0.1:0 -r bad
has "$(cat err)" 'bad:1: '
printf '%s\n' '#!routes sorted' 'b.example.org tls=127.0.0.1:1' 'a.example.org tls=127.0.0.1:1' >unsorted
exits 100 "$SNIROUTE" -c -r unsorted
has "$(cat err)" '^unsorted:3: '
exits 100 "$SNIROUTE" -c -r missing
has "$(cat err)" 'missing'
exits 100 "$SNIROUTE" -c -l 1 -l 2 -m 3 -u nobody:nowhere -r bad
for option in '-l 1' '-l 2' '--metrics 3' '-u nobody:nowhere'; do has "$(cat err)" "error: $option: "; done
has "$(cat err)" '^bad:27: '
