#!/bin/sh
# SPDX-License-Identifier: ISC
# X-Forwarded-* and Forwarded name the client; what it says itself counts only from --trust.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -l '[::1]:0' -l "unix:$T/front" -r routes
six=$(echo "$READY" | cut -d ' ' -f 2)
lie="-H X-Forwarded-For:6.6.6.6 -H X-Forwarded-Proto:lie -H X-Forwarded-Host:lie -H Forwarded:for=6.6.6.6"
# shellcheck disable=SC2086 # words are wanted
answer=$(get / $lie)
lacks "$answer" '6\.6\.6\.6|lie'
has "$answer" '^X-Forwarded-For: 127\.0\.0\.1$'
has "$answer" '^X-Forwarded-Proto: http$'
has "$answer" '^X-Forwarded-Host: a\.test$'
has "$answer" '^Forwarded: for=127\.0\.0\.1;host=a\.test;proto=http$'
# to a program that is told of fields as CGI names them these are the same
twins='-H X_Forwarded-For:5.5.5.5 -H x-forwarded_host:twin -H X_FORWARDED_PROTO:twin -H X.Forwarded~For:5.5.5.5'
# shellcheck disable=SC2086
lacks "$(get / $twins)" '5\.5\.5\.5|twin'
has "$(get / -H 'X_Forwarded_By: kept')" '^X_Forwarded_By: kept'
answer=$(ADDR=$six HOST=a.test:99 get /)
has "$answer" '^X-Forwarded-For: ::1$'
has "$answer" '^Forwarded: for="\[::1\]";host="a\.test:99";proto=http$'
answer=$(get / --unix-socket front -H X-Forwarded-For:6.6.6.6)
has "$answer" '^Forwarded: for=unknown;host=a\.test;proto=http$'
lacks "$answer" '^X-Forwarded-For'
stop httpredir
front -l 127.0.0.1:0 -r routes --trust 127.0.0.0/8,::1 --https
# shellcheck disable=SC2086
answer=$(get / $lie $twins -H 'X-Forwarded-For: 7.7.7.7')
lacks "$answer" '5\.5\.5\.5|twin'
has "$answer" '^X-Forwarded-For: 6\.6\.6\.6, 7\.7\.7\.7, 127\.0\.0\.1$'
has "$answer" '^X-Forwarded-Proto: ?lie$'
has "$answer" '^X-Forwarded-Host: ?lie$'
has "$answer" '^Forwarded: for=6\.6\.6\.6, for=127\.0\.0\.1;host=a\.test;proto=https$'
has "$(get /)" '^X-Forwarded-Proto: https$'
# what Connection names is dropped, and said anew
# shellcheck disable=SC2086
answer=$(get / $lie -H 'Connection: X-Forwarded-Proto, x-forwarded-host')
has "$answer" '^X-Forwarded-For: 6\.6\.6\.6, 127\.0\.0\.1$'
has "$answer" '^X-Forwarded-Proto: https$'
has "$answer" '^X-Forwarded-Host: a\.test$'
lacks "$answer" 'lie'
