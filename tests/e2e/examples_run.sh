#!/bin/sh
# SPDX-License-Identifier: ISC
# What `make run` starts: every command it prints does what it says, and at the end nothing is left of it.
. "${0%/*}/lib.sh"

TMPDIR=$T spawn run "$ROOT/examples/run.sh" "$ROOT/$BUILD/bin"
wait_for 15 grep -q '^Ctrl-C' run.log || fail "no instructions"
sed -n 's/^  \(curl --cacert.*https:.*\/who\)/\1/p' run.log >commands
same 6 "$(wc -l <commands)" "requests to try"
nth() { sh -c "$(sed -n "$1p" commands)" 2>&1; }

has "$(nth 1)" '^This is backend one\.$'
has "$(nth 2)" '^This is backend two\.$'
has "$(nth 3)" 'access denied'
has "$(nth 4)" 'unrecognized name'
has "$(nth 5)" '^This is backend two\.$'
has "$(nth 6)" '^This is backend two\.$'	# through the tunnel
has "$(sh -c "$(grep 'not TLS$' run.log)" 2>&1)" '^Hello 127\.0\.0\.1 port [0-9]+, this is no TLS\.$'
has "$(sh -c "$(grep -e '--explain' run.log)")" '^why: the longest wildcard above the name$'
has "$(sh -c "$(grep 'grep connections' run.log)")" '^sniroute_connections_total.end="denied". 1$'

http() { sh -c "$(grep -e "$1" run.log)" 2>/dev/null; }
has "$(http '# to https$')" '^Location: https://www\.example\.org:[0-9]+/who'
has "$(http '# proxied$')" '^sniroute_accepted_total [0-9]+$'
has "$(http 'acme-challenge/token$')" "^This is a challenge's answer"

has "$(http 'http://home.tun.example.org')" '^sniroute_accepted_total [0-9]+$'
has "$(http 'curl -k .*.tun.example.org')" '^This is backend two\.$'
has "$(http 'http://nobody.tun')" '^Tunnel-Error: name'

if command -v redis-server >/dev/null; then
	has "$(http 'https://store.example.com')" '^This is backend two\.$'
	http 'redis-cli' >/dev/null
	new_is_there() { http 'https://new.example.com' | grep -q '^This is backend one\.$'; }
	wait_for 4 new_is_there || fail "not in the file"
fi

# "Change it, and it is read again."
routes=$(sed -n '/\/routes$/{s/^ *//p;q;}' run.log)
sed 's/^internal/#&/; s/^www.example.org .*tls=/*.example.net tls=/' "$routes" >new
mv new "$routes"
one_by_wildcard() { nth 3 | grep -q 'backend one'; }
wait_for 4 one_by_wildcard || fail "not read again"

stop run
! pgrep -f "$T/tcproute" || fail "still running"
! ls -d "$T"/tcproute* 2>/dev/null || fail "its files are still there"
