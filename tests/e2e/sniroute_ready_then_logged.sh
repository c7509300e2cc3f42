#!/bin/sh
# SPDX-License-Identifier: ISC
# Who has read the readiness line finds in the log what was logged before it.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
cat >look.py <<-'END'
	import os, subprocess, sys
	for n in range(20):
	    out, ready = os.pipe()
	    with open("log", "wb") as log:
	        p = subprocess.Popen([*sys.argv[1:], "-n", str(ready)], stderr=log, pass_fds=[ready])
	    os.close(ready)
	    line = os.read(out, 4096)
	    text = open("log", "rb").read()
	    p.terminate()
	    p.wait()
	    os.close(out)
	    if b"info: ready on " + line not in text or b"info: metrics on " not in text:
	        sys.exit("start %d: %r, but the log is %r" % (n, line, text))
END
python3 -SE look.py "$SNIROUTE" -l 127.0.0.1:0 -r routes -m 127.0.0.1:0
