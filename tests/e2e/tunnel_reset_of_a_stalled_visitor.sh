#!/bin/sh
# SPDX-License-Identifier: ISC
# A visitor that resets while its tunnel takes nothing more from it is gone at both ends at once, not when there is room again.
. "${0%/*}/lib.sh"

hub
tunnel deaf -- sh -c 'exec sleep 20'
hand_over "$ID.tun.test,kind=tcp" push:1 rst >pushed
logged 'conn=1 .*end=client-reset$' deaf
logged "name=$ID.* rx=[0-9]+ .*end=client-reset\$" tunneld
