#!/bin/sh
# SPDX-License-Identifier: ISC
# Records with a secret give the tunnel route, and --secrets the authorization: the hash only, for nobody else to read.
. "${0%/*}/lib.sh"

redis
umask 022
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
put a.example '{"clientsecret":"first secret"}'
put b.example '{"clientsecret":"other secret"}'
put c.example '{"clientsecret":"first secret","addr":"10.0.0.1","tlsport":443}'
put CATCH_ALL '{"clientsecret":"first secret"}'
echo old >secrets
chmod 644 secrets
sync -i 0.2 --secrets secrets --visitors /run/v "$STORE"
tunnel='tls=pass:/run/v http=unix:/run/v proxy=v2'
routes "* $tunnel" "a.example $tunnel" "b.example $tunnel" "c.example $tunnel"
wanted() {
	printf 'secret=sha256:%s names=%s\n' "$(hash 'first secret')" a.example,c.example "$(hash 'other secret')" b.example | sort
}
same "$(wanted)" "$(cat secrets)"
same 600 "$(stat -c %a secrets)" mode
# A secret that is changed is the one from now on, though no line of the routes is another.
inode=$(stat -c %i routes)
put b.example '{"clientsecret":"a new secret"}'
knows() { grep -q "^secret=sha256:$(hash "$1") names=$2\$" secrets; }
wait_for 3 knows 'a new secret' b.example || fail "the old secret stays: $(cat secrets)"
same 2 "$(wc -l <secrets)" "secrets"
same "$inode" "$(stat -c %i routes)" "the routes were written again"
r del /tcprouter/service/b.example
wait_for 3 sh -c '[ "$(wc -l <secrets)" = 1 ]' || fail "a removed secret stays"
chmod 644 secrets
mode_is() { [ "$(stat -c %a secrets)" = "$1" ]; }
wait_for 4 mode_is 600 || fail "the mode is left wrong"
r del /tcprouter/service/c.example
wait_for 3 sh -c '! grep -q c.example secrets' || fail "a removed name stays"
same 600 "$(stat -c %a secrets)" "mode after a change"
signal sync USR1
logged status sync
lacks "$(cat sync.log routes secrets)" 'first|other|new'
nothing_beside secrets
exits 0 "$SNIROUTE" -c -r routes
