#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that refuses is skipped and the next one is tried within the same connection, which loses no byte.
. "${0%/*}/lib.sh"

backend b save:seen
dead=127.0.0.1:$(free_port)
cat >routes <<-END
	www.example.org  tls=$dead,unix:/nonexistent,$READY balance=first
	*                tcp=$dead,$READY balance=first
END
serve -l 127.0.0.1:0 -r routes

same "got= end=eof" "$(client "$ADDR" hello:www.example.org send:early shut read)"
{ peer hello www.example.org; printf early; } | cmp - seen
same "got= end=eof" "$(client "$ADDR" send:plain shut read)"
same plain "$(cat seen)"
logged "conn=1 .*target=$(addr_of b) hello=ok .*end=closed$"
logged "conn=2 .*target=$(addr_of b) hello=not-tls .*end=closed$"
