#!/bin/sh
# SPDX-License-Identifier: ISC
# systemd hears READY=1, RELOADING=1 (and READY=1 again) and STOPPING=1 through NOTIFY_SOCKET.
. "${0%/*}/lib.sh"

start_peer systemd notify notify
echo "* tls=127.0.0.1:9" >routes
export NOTIFY_SOCKET="$T/notify"
serve -l 127.0.0.1:0 -r routes

logged '(^|x0a)READY=1' systemd
not_logged 'RELOADING' systemd
signal sniroute HUP
logged 'RELOADING=1' systemd
has "$(cat systemd.log)" 'MONOTONIC_USEC=[0-9]+'
logged_times 2 'READY=1' systemd
signal sniroute TERM
ends sniroute 0
logged 'STOPPING=1' systemd
