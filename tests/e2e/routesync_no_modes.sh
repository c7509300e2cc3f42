#!/bin/sh
# SPDX-License-Identifier: ISC
# On a file system without modes of its own the secrets file cannot be had for its owner alone: that is said once, and a file that
# nothing changed is left alone there, too.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >modeless.c <<-'END'
	#include <sys/stat.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int fchmod(int fd, mode_t mode) { (void)mode; return (int)syscall(SYS_fchmod, fd, 0755); }
END
gcc -D_GNU_SOURCE -shared -fPIC -O1 -o modeless.so modeless.c
redis
put a.example '{"addr":"10.0.0.1","clientsecret":"x"}'
start sync env LD_PRELOAD="$T/modeless.so" "$ROUTESYNC" -n 9 -o routes --secrets secrets -i 0.1 "redis+unix://$T/redis.sock"
logged 'warn: secrets has mode 0755: its file system does not take 0600$' sync
look() { stat -c '%i %Y' secrets; }
before=$(look)
sleep 1			# ten refreshes
same "$before" "$(look)" "the file"
put b.example '{"addr":"10.0.0.2","clientsecret":"y"}'
written() { [ "$(grep -c '^secret=' secrets)" = 2 ]; }
wait_for 5 written || fail "a change is not written: $(cat secrets)"
sleep 0.5
logged_times 1 'secrets has mode' sync
