#!/bin/sh
# SPDX-License-Identifier: ISC
# What a tool is asked to print, and can't, is no success: exit 111 with the reason.
. "${0%/*}/lib.sh"

[ -c /dev/full ] || skip "no /dev/full"
echo "* tls=127.0.0.1:1" >routes
key server.key >/dev/null
lost() { # CMD...: on a full disk, and with standard output closed
	"$@" >/dev/full 2>err && code=0 || code=$?
	same 111 "$code" "on a full disk: $*"
	has "$(cat err)" 'error: standard output: No space left on device$'
	"$@" >&- 2>err && code=0 || code=$?
	same 111 "$code" "closed: $*"
	has "$(cat err)" 'error: standard output: '
}

for tool in "$SNIROUTE" "$HTTPREDIR" "$ROUTESYNC" "$TUNNELD" "$TUNNELC"; do
	lost "$tool" -h
	lost "$tool" -V
	exits 0 "$tool" -h
done
lost "$SNIROUTE" -r routes -x a.example
lost "$TUNNELD" -i server.key --id
lost "$TUNNELC" -i server.key --id
"$TUNNELC" --new-key new.key >/dev/full 2>err && code=0 || code=$?
same 111 "$code" "--new-key"
exits 0 "$SNIROUTE" -r routes -c
"$SNIROUTE" -r routes -c >/dev/full || fail "-c has nothing to print"
