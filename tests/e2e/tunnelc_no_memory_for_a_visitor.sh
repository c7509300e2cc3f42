#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc: a visitor for whom there is no memory is refused, with a line of its own, whichever way it comes.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	void *calloc(size_t n, size_t size)
	{
		if (n == 1 && access("hungry", F_OK) == 0)
			return NULL;
		return ((void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"))(n, size);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c
line='conn=[0-9]+ peer=- name=- route=- target=- hello=- rx=0 tx=0 ms=0 end=limit$'

hub
backend echo send:hello read
export LD_PRELOAD="$T/hungry.so"
tunnel web "tcp=$(addr_of echo)" -m "unix:$T/metrics"
unset LD_PRELOAD
has "$(visit "$ID.tun.test,kind=tcp" shut read)" '^got=hello'
touch hungry
has "$(visit "$ID.tun.test,kind=tcp" shut read)" '^got= end='
logged_times 1 "info: $line" web
rm hungry
has "$(visit "$ID.tun.test,kind=tcp" shut read)" '^got=hello'
metric_is 1 'tunnelc_visitors_total{result="refused"}'
metric_is 2 'tunnelc_visitors_total{result="served"}'
metric_is 0 tunnelc_visitors

# an ancestor's connection, which is the visitor's: it ends, and the next one is served
printf '%s\n' secret >secret
chmod 600 secret
start ancestor python3 -SE "$TESTS/ancestor.py" first secret
spawn old env LD_PRELOAD="$T/hungry.so" "$TUNNELC" -s "${READY% *}" --secret-file secret "tcp=$(addr_of echo)"
wait_for 20 grep -q 'client 2 registered' ancestor.log || fail "it does not come"
touch hungry
client "${READY#* }" send:x shut read >/dev/null
logged_times 1 "info: $line" old
logged 'link=down reason="Cannot allocate memory"' old
rm hungry
wait_for 20 grep -q 'client 3 registered' ancestor.log || fail "it does not come again"
has "$(client "${READY#* }" send:x shut read)" '^got=hello'
