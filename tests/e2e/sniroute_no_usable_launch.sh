#!/bin/sh
# SPDX-License-Identifier: ISC
# Started without a listening address, a listening descriptor or a connection it ends with a reason instead of hanging.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:9" >routes
try() { timeout 10 "$SNIROUTE" -r routes >out 2>err; }
try <&- && code=0 || code=$?
case $code in 100 | 111) ;; *) fail "closed standard input: exit code $code" ;; esac
[ -s err ] || fail "no reason given"
try </dev/null && code=0 || code=$?
case $code in 100 | 111) ;; *) fail "/dev/null as standard input: exit code $code" ;; esac
[ -s err ] || fail "no reason given"
