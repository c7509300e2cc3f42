#!/bin/sh
# SPDX-License-Identifier: ISC
# deps.sh PACKAGE...: install the Debian packages that are missing; without the right to, say how.
set -eu
missing=
for p in "$@"; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	sudo='sudo -n'
else
	echo "missing packages; run: sudo apt-get install -y$missing" >&2
	exit 100
fi
# shellcheck disable=SC2086 # words are wanted
{
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
} >/dev/null
