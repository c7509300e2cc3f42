#!/bin/sh
# SPDX-License-Identifier: ISC
# A token or folder that may not be read, and a folder one level too high, are told of: the client just sees 404.
. "${0%/*}/lib.sh"

user=
[ "$(id -u)" != 0 ] || user='-u nobody'
mkdir web top top/.well-known top/.well-known/acme-challenge
echo text >web/good
echo text >web/bad
chmod 0 web/bad
c=/.well-known/acme-challenge

# shellcheck disable=SC2086 # words are wanted
front -l 127.0.0.1:0 -w "$T/web" $user
not_logged warn httpredir
has "$(get $c/good)" '^text$'
has "$(get $c/none)" '^HTTP/1.1 404 '
ln -s good web/link
has "$(get $c/link)" '^HTTP/1.1 404 '
not_logged warn httpredir
begin=$(now_ms)
for i in 1 2 3 4 5; do
	has "$(get $c/bad)" '^HTTP/1.1 404 '
done
took=$(($(now_ms) - begin))
logged "^httpredir: warn: webroot $T/web: bad: Permission denied$" httpredir
[ "$(count warn httpredir)" -le $((took / 1000 + 1)) ] || fail "$(count warn httpredir) warnings in $took ms"
chmod 0 web
told_of_good() {
	has "$(get $c/good)" '^HTTP/1.1 404 '
	grep "^httpredir: warn: webroot $T/web: good: Permission denied$" httpredir.log
}
wait_for 5 told_of_good || fail "not told that the folder may not be read"
stop httpredir
rm httpredir.log

# shellcheck disable=SC2086
front -l 127.0.0.1:0 -w "$T/web" -j 2 $user
logged_times 1 "^httpredir: warn: webroot $T/web: Permission denied" httpredir
stop httpredir
# shellcheck disable=SC2086
exits 100 "$HTTPREDIR" -c -w "$T/web" $user
has "$(cat err)" "^httpredir: error: $T/web: no file in it can be read"
chmod 755 web
# shellcheck disable=SC2086
exits 0 "$HTTPREDIR" -c -w "$T/web" $user
rm httpredir.log

front -l 127.0.0.1:0 -w "$T/top/"
logged_times 1 "^httpredir: warn: webroot $T/top/: .* -w $T/top/.well-known/acme-challenge( |$)" httpredir
exits 0 "$HTTPREDIR" -c -w top
has "$(cat err)" '^httpredir: warn: webroot top: .* -w top/.well-known/acme-challenge'
