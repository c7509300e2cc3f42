#!/bin/sh
# SPDX-License-Identifier: ISC
# What a packager hardens by takes the place of what we do, without a warning; the path of the source may have a blank in it.
. "${0%/*}/lib.sh"

mkdir "the source"
ln -s "$TESTS"/../../* "the source"
cd "the source"
hardened=	# gcc 14 and newer know it
! gcc -O2 -fhardened -E -x c /dev/null >/dev/null 2>&1 || hardened='CFLAGS=-O2 -fhardened'
for flags in CPPFLAGS=-D_FORTIFY_SOURCE=3 CFLAGS='-O2 -Wp,-D_FORTIFY_SOURCE=3' ${hardened:+"$hardened"}; do
	make -s V=1 BUILD="$T/out" WERROR=1 "$flags" "$T/out/lib/num.o" >log 2>&1 || fail "$flags: $(cat log)"
	same "" "$(grep -o '_FORTIFY_SOURCE=[^3]' log)" "ours beside it"
done
