#!/bin/sh
# SPDX-License-Identifier: ISC
# A malformed record of each kind is reported once with key and reason; its last good line and all others stay.
. "${0%/*}/lib.sh"

redis
lines 'c tls=10.0.0.9:443' >routes
put a tls=10.0.0.1:443
put b tls=10.0.0.2:443
put c broken
put d broken
sync -i 0.1 "$STORE"
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443' 'c tls=10.0.0.9:443'
logged 'record key=/tcprouter/service/d malformed why=' sync

n=2
bad() {
	put a "$1"
	n=$((n + 1))
	logged_times $n 'key=/tcprouter/service/[acd] malformed' sync
	has "$(tail -n 1 sync.log)" "key=/tcprouter/service/a malformed why=.*$2"
}
bad '{"addr"' 'not JSON'
bad '{"addr":"10.0.0.1", "httpport" 80}' 'not JSON'
bad '{"addr":"10.0.0.1","tlsport":70000}' 'tlsport'
bad '{"addr":"10.0.0.1"}' 'neither tlsport'
bad '{"addr":"no host","tlsport":443}' 'addr'
bad '{}' 'neither addr'
bad '{"Key":"x","Value":"?"}' 'base64'
bad '{"Key":"x","Value":"e30="}' 'neither addr'
bad 'tls=10.0.0.1' 'bad address'
bad 'tls=10.0.0.1:443 color=red' 'unknown key'
bad "tls=10.0.0.1:443
evil tls=10.0.0.1:443" 'line feed'
bad '' 'no target'
r eval "redis.call('del', KEYS[1]) redis.call('rpush', KEYS[1], 1)" 1 /tcprouter/service/a
put b tls=10.0.0.3:443
logged 'key=/tcprouter/service/a malformed why="its type is not string"' sync
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.3:443' 'c tls=10.0.0.9:443'
sleep 0.5
same $((n + 1)) "$(count 'malformed' sync)" "reports"
r del /tcprouter/service/a
put a tls=10.0.0.4:443
put c tls=10.0.0.5:443
logged 'record key=/tcprouter/service/c is good again' sync
routes 'a tls=10.0.0.4:443' 'b tls=10.0.0.3:443' 'c tls=10.0.0.5:443'
