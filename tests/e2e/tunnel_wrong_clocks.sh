#!/bin/sh
# SPDX-License-Identifier: ISC
# Clocks of 1970 and of 2100 at either end do no harm to a tunnel: certificates are known by their keys.
. "${0%/*}/lib.sh"

sanitized && skip "no clock to be put in front of a sanitizer's"
cat >clock.c <<'END'
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
static time_t wrong(void) { return (time_t)strtoll(getenv("WRONG_CLOCK"), NULL, 10); }
time_t time(time_t *t) { if (t != NULL) *t = wrong(); return wrong(); }
int gettimeofday(struct timeval *tv, void *tz) { (void)tz; tv->tv_sec = wrong(); tv->tv_usec = 0; return 0; }
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = (struct timespec){ wrong(), 0 };
	return 0;
}
END
${CC:-gcc} -shared -fPIC -o clock.so clock.c || skip "no compiler"
WRONG="env LD_PRELOAD=$T/clock.so WRONG_CLOCK="
clock() { date -u -d "$1-01-02" +%s; }
at() { local year="$1"; shift; $WRONG"$(clock "$year")" "$@"; }
has "$(at 1971 "$TUNNELC" --log-time -s 127.0.0.1:1 2>&1 || :)" '^1971-'
has "$(at 2100 "$TUNNELC" --log-time -s 127.0.0.1:1 2>&1 || :)" '^2100-'

named web && WEB=$READY
SERVER=$(key server.key)
ID=$(key c.key)
echo "$ID names=app.test" >auth
for years in '1970 2026' '2100 2026' '2026 1970' '2026 2100' '1970 2100'; do
	clock=$(clock "${years% *}")
	# shellcheck disable=SC2086 # words are wanted
	start tunneld $WRONG"$clock" "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test \
	    --visitors "unix:$T/visitors" -a auth
	clock=$(clock "${years#* }")
	# shellcheck disable=SC2086
	start c $WRONG"$clock" "$TUNNELC" -n 9 -s "${READY%% *}" -k "$SERVER" -i c.key "tcp=$WEB"
	same "got=web end=eof" "$(visit app.test,kind=tcp shut read)" "server and client of $years"
	stop c
	stop tunneld
done
