#!/bin/sh
# SPDX-License-Identifier: ISC
# When no target can be reached the client is told so with alert 80.
. "${0%/*}/lib.sh"

cat >routes <<-END
	www.example.org   tls=127.0.0.1:1
	two.example.org   tls=127.0.0.1:1,unix:/nonexistent/socket
	pass.example.org  tls=pass:/nonexistent/socket
	*                 tcp=127.0.0.1:1
END
serve -l 127.0.0.1:0 -r routes

refuses www.example.org 80
refuses two.example.org 80
refuses pass.example.org 80
refuses www.example.org 80
has "$(client "$ADDR" 'send:not TLS' read)" '^got= end=(eof|reset)$'
logged 'name=two\.example\.org route=two\.example\.org target=[^ ]+ hello=ok rx=[0-9]+ tx=7 ms=[0-9]+ end=unreachable$'
logged 'name=- route=\* target=[^ ]+ hello=not-tls rx=[0-9]+ tx=0 ms=[0-9]+ end=unreachable$'
