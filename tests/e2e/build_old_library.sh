#!/bin/sh
# SPDX-License-Identifier: ISC
# A library that is too old is named before anything is compiled.
. "${0%/*}/lib.sh"

mkdir old
printf 'Name: OpenSSL\nDescription: old\nVersion: 1.1.1w\n' >old/openssl.pc
! PKG_CONFIG_PATH=$T/old make -s -C "$ROOT" BUILD="$T/out" "$T/out/lib/num.o" >log 2>&1 || fail "it was built: $(cat log)"
has "$(cat log)" "openssl >= 3.*|version.*1\.1\.1w"
has "$(cat log)" "a library is missing or too old"
[ ! -e "$T/out/lib/num.o" ] || fail "it was compiled all the same"
