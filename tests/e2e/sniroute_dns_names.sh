#!/bin/sh
# SPDX-License-Identifier: ISC
# Host names as targets are resolved at use, v4 and v6, every address of a name is tried, unknown names get alert 80.
# A name is asked for as it is where libc would do so.
. "${0%/*}/lib.sh"

own_network
use_own_dns
dns '127.0.0.1 back.test' '127.0.0.1 late.test' '127.0.0.1 short' '::1 six.test' '127.0.0.2 many.test' '127.0.0.3 many.test' '127.0.0.4 many.test'
named a
named many "127.0.0.4:0"
named six '[::1]:0'
cat >routes <<-END
	a.example.org     tls=back.test:$(addr_of a | sed 's/.*://')
	six.example.org   tls=six.test:$(addr_of six | sed 's/.*://')
	many.example.org  tls=many.test:$(addr_of many | sed 's/.*://')
	late.example.org  tls=late.test:$(addr_of a | sed 's/.*://')
	short.example.org tls=short:$(addr_of a | sed 's/.*://')
	none.example.org  tls=none.test:443
	next.example.org  tls=none.test:443,back.test:$(addr_of a | sed 's/.*://') balance=first
END
serve -l 127.0.0.1:0 -r routes

answers a.example.org a || fail "one address"
answers six.example.org six || fail "a v6 address"
for i in 1 2 3; do answers many.example.org many || fail "not every address was tried"; done
refuses none.example.org 80
answers next.example.org a || fail "no failover from a name that is unknown"
logged 'name=none\.example\.org .*end=unreachable$'

# a search list in which the server refuses a domain
printf 'search office.example\noptions ndots:5\n' >>resolv.conf
signal sniroute HUP
logged 'routes: read'
answers late.example.org a || fail "not asked for as it is"

# the root as the only domain to search
printf 'nameserver 127.0.0.1\nsearch .\n' >resolv.conf
answers short.example.org a || fail "a name of one label"
