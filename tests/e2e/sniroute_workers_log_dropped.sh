#!/bin/sh
# SPDX-License-Identifier: ISC
# What the parent had to drop before it forked its workers is reported once, not by each of them too.
. "${0%/*}/lib.sh"

echo '127.0.0.1:0 tcp=127.0.0.1:1' >routes
timeout 20 python3 -SE - "$SNIROUTE" >reports <<'END' || fail "no reports"
import fcntl, os, subprocess, sys
r, w = os.pipe()
fcntl.fcntl(w, 1031, 4096)      # F_SETPIPE_SZ
os.write(w, b"#" * 4096)
ready, tell = os.pipe()
p = subprocess.Popen([sys.argv[1], "-r", "routes", "-j", "2", "-n", str(tell)], stderr=w, pass_fds=[tell])
os.close(tell)
os.read(ready, 100)
os.read(r, 4096)
p.terminate()
os.close(w)
while text := os.read(r, 4096):
    print(text.decode(), end="")
p.wait()
END
[ "$(grep -c dropped reports)" = 1 ] || fail "not one report: $(cat reports)"
