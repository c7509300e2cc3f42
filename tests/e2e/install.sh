#!/bin/sh
# SPDX-License-Identifier: ISC
# make install: programs, manuals, examples and what to read, for everybody, whatever the umask; texts name the places they are
# in, and what `make run` runs works from there. make uninstall takes away that, and no more.
. "${0%/*}/lib.sh"

case $BUILD in *-san) san=1 ;; *) san= ;; esac
(umask 077 && make -s -C "$TESTS/../.." SAN=$san install DESTDIR="$T/a root" PREFIX=/opt/route >log 2>&1) || fail "$(cat log)"
cd "a root/opt/route"
for tool in sniroute httpredir routesync tunneld tunnelc; do
	"bin/$tool" -V >/dev/null || fail "$tool does not run"
	[ -e "share/man/man8/$tool.8" ] || fail "no manual of $tool"
done
for file in bin/pass-exec share/man/man1/pass-exec.1 share/man/man5/routes.5 share/man/man7/tunnel.7 share/tcproute/examples/s6/sniroute/run \
    share/doc/tcproute/LICENSE; do
	[ -e $file ] || fail "no $file"
done
same "" "$(find . ! -perm -004)" "what others may not read"
same "" "$(find . -name run ! -perm -005)" "what they may not run"
same "" "$(grep -rIl '/usr/local/\(bin\|share/tcproute\)' .)" "texts about other places"
grep -q '^ExecStart=/opt/route/bin/sniroute ' share/tcproute/examples/systemd/sniroute.service || fail "the unit starts something else"

# staged by the environment, too, as by other builds: ignored, it would overwrite what the machine runs
has "$(DESTDIR=/stage make -n -C "$TESTS/../.." SAN=$san install PREFIX=/opt)" "^install -d '/stage/opt/bin'"

cd "$T"
mv "a root" root
TMPDIR=$T spawn run root/opt/route/share/tcproute/examples/run.sh root/opt/route/bin
wait_for 30 grep -q '^Ctrl-C' run.log || fail "no instructions"
same "This is backend one." "$(sh -c "$(sed -n '/www.example.org.who$/{p;q;}' run.log)" 2>/dev/null)"
stop run

mv root "a root"
for i in 1 2; do make -s -C "$TESTS/../.." SAN=$san uninstall DESTDIR="$T/a root" PREFIX=/opt/route || fail "uninstall, time $i"; done
same "" "$(find "a root" ! -type d -o -name tcproute)" "what is left"
