#!/bin/sh
# SPDX-License-Identifier: ISC
# A member nobody knows may have any value, in the store and on standard input; a NUL byte in one that is used is refused.
. "${0%/*}/lib.sh"

cat >input <<'END'
{"addr":"10.0.0.1","sni":"a","id":18446744073709551615,"x":"a\u0000b"}
{"server":{"services":{"b":{"addr":"10.0.0.1","tlsport":1,"user":-99999999999999999999}}}}
{"listeners":[{"name":"l","address":"127.0.0.1","port":81,"backend":"z","id":18446744073709551615},
  {"name":"m","address":"127.0.0.1\u0000","port":82,"backend":"z"},{"name":"n","address":"127.0.0.1","port":83,"backend":"y"}],
 "backends":[{"name":"z","host":"h","port":1,"x":"\u0000"},{"name":"y","host":"h\u0000","port":1}]}
END
exits 0 "$ROUTESYNC" - <input
same "$(lines '127.0.0.1:81 tcp=h:1' 'a tls=10.0.0.1:443' 'b tls=10.0.0.1:1')" "$(cat out)"
has "$(cat err)" 'record key=m malformed why="address has a NUL byte in it"'
has "$(cat err)" 'record key=n malformed why="host has a NUL byte in it"'

echo '{"addr":"10.0.0.1","sni":"a","id":1e999}' >input
exits 100 "$ROUTESYNC" - <input
same 'routesync: error: standard input: a number that is too big before byte 39' "$(cat err)"

redis
put a '{"addr":"10.0.0.1","tlsport":443,"id":18446744073709551615,"x":"\u0000"}'
put b '{"addr":"10.0.0.1\u0000","tlsport":443}'
put c '{"addr":"10.0.0.1","sni":"c\u0000"}'
exits 0 "$ROUTESYNC" "$STORE"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat out)"
has "$(cat err)" 'service/b malformed why="addr has a NUL byte in it"'
has "$(cat err)" 'service/c malformed why="sni has a NUL byte in it"'
