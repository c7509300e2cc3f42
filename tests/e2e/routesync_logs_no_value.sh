#!/bin/sh
# SPDX-License-Identifier: ISC
# Nothing of a malformed value is in the log: its key, the number of the word, and what is wrong with that.
. "${0%/*}/lib.sh"

redis
n=0
for value in '[{"clientsecret":"hunter2"}]' '"hunter2"' "$(printf '\357\273\277')"'{"clientsecret":"hunter2"}' hunter2 hunter2= \
    "{'clientsecret':'hunter2'}" 'tls=10.0.0.1:1 secret=hunter2' tls=hunter2 'tls=10.0.0.1:1 hunter2' 'alpn:hunter2=' \
    '{"clientsecret":"hunter2"' '{"clientsecret":"hunter2","sni":"hunter2!"}' '{"clientsecret":["hunter2"]}' \
    'tls=10.0.0.1:1 balance=hunter2' "tls=10.0.0.1:1
hunter2"; do
	put "k$n" "$value"
	n=$((n + 1))
done
exits 0 "$ROUTESYNC" -v "$STORE"
same "$n" "$(grep -c 'record key=/tcprouter/service/k[0-9]* malformed why=' err)" reports
lacks "$(cat err out)" hunter2
has "$(cat err)" 'k0 malformed why="word 1: ... is not KEY=VALUE"'
has "$(cat err)" 'k6 malformed why="word 2: unknown key ..."'
has "$(cat err)" 'k7 malformed why="word 1: bad address ... in tls=: '

# a server that does not know a command repeats its arguments
redis other --rename-command SET nothing
echo 'a tls=10.0.0.1:24513' >in
exits 111 "$ROUTESYNC" --put in "redis+unix://$T/other.sock"
has "$(cat err)" 'store=refuses .*unknown command'
lacks "$(cat err)" '24513'
