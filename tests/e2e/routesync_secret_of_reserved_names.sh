#!/bin/sh
# SPDX-License-Identifier: ISC
# Secrets for names shaped like an id, which tunneld keeps for the owners of keys, do not spoil the file for the others.
. "${0%/*}/lib.sh"

redis
id=$(key server.key)
put a.example '{"clientsecret":"first"}'
put "$id.tun.test" '{"clientsecret":"second"}'
put "*.$id" '{"clientsecret":"third"}'
sync --secrets secrets -i 0.1 "$STORE"
logged_times 1 'warn: record key=.* gets no authorization in secrets: .*reserved' sync
logged_times 1 'warn: 1 more records get no authorization' sync
has "$(cat secrets)" '^secret=sha256:[0-9a-f]{64} names=a\.example$'
same 1 "$(wc -l <secrets)" secrets
same 3 "$(grep -c = routes)" routes
exits 0 "$TUNNELD" -c -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" -a secrets
