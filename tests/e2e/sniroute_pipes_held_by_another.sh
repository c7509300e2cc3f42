#!/bin/sh
# SPDX-License-Identifier: ISC
# On two pipes: once the answer is out, whoever read it may go, though a wrapper holds our end too; the upload goes on.
. "${0%/*}/lib.sh"

backend back send:answer shut sum
echo "* tls=$READY" >routes
on_held_pipes "$SNIROUTE" -r routes
peer hello www.example.org >&6
same answer "$(head -c 6 <&7)"
upload_outlives_reader
logged 'rx=5110 tx=6 .* end=closed$' one
logged '^1 bytes=5110 .*end=eof$' back
