#!/bin/sh
# SPDX-License-Identifier: ISC
# The files of -o, --secrets and --password-file are different ones, however their paths are spelt.
. "${0%/*}/lib.sh"

refused() {
	local said="$1"; shift
	for check in '' -c; do
		# shellcheck disable=SC2086 # no word is wanted where it is empty
		exits 100 timeout 5 "$ROUTESYNC" $check "$@" redis+unix:///none
		has "$(cat err)" "error: $said are the same file\$"
	done
	exits 100 "$ROUTESYNC" "$@" - <input
}
printf '{"sni":"a.org","clientsecret":"x"}' >input
mkdir d
ln -s d folder

# there is no file yet
refused '-o r and --secrets r' -o r --secrets r
refused '-o r and --secrets ./r' -o r --secrets ./r
refused '-o d/r and --secrets folder/r' -o d/r --secrets folder/r
refused "-o $T/r and --secrets d/../r" -o "$T/r" --secrets d/../r
[ ! -e r ] && [ ! -e d/r ] || fail 'something was written'

# there is one
lines 'a tls=10.0.0.1:443' | tee d/r >r
ln -s r link
ln -s ../r d/link
ln r hard
refused '-o r and --secrets ./r' -o r --secrets ./r
refused '-o r and --secrets .*/r' -o r --secrets link
refused '-o .*/r and --secrets .*/r' -o link --secrets folder/link
refused '-o r and --secrets hard' -o r --secrets hard
same "$(lines 'a tls=10.0.0.1:443')" "$(cat r)" "the file"

(umask 077; echo sesame >password)
refused '-o ./password and --password-file password' -o ./password --password-file password
refused '--secrets ./password and --password-file password' --secrets ./password --password-file password
same sesame "$(cat password)"

# the same name in two folders, and two names in one
exits 0 "$ROUTESYNC" -o d/r --secrets ./s - <input
exits 0 "$ROUTESYNC" -o d/x --secrets x - <input
exits 0 "$ROUTESYNC" -o d/y --secrets folder/z - <input
has "$(cat x)" '^secret='
