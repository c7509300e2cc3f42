#!/bin/sh
# SPDX-License-Identifier: ISC
# An HTTPS client -> sniroute, which passes the socket -> tunneld -> tunnelc -> nginx with a certificate of its own.
. "${0%/*}/lib.sh"

command -v nginx >/dev/null || skip "no nginx"
hub
key web.key >/dev/null
ID=$("$TUNNELC" -i web.key --id)
NAME=$ID.tun.test
certificate cert.pem tun.test "$NAME"
port=$(free_port)
mkdir files tmp
chmod 777 files tmp
head -c 20000000 /dev/urandom >files/large
cat >nginx.conf <<-END
	daemon off; master_process off; worker_processes 1; pid $T/nginx.pid; error_log $T/nginx-errors.log;
	events { worker_connections 64; }
	http { access_log off; client_body_temp_path $T/tmp; proxy_temp_path $T/tmp; fastcgi_temp_path $T/tmp;
	  uwsgi_temp_path $T/tmp; scgi_temp_path $T/tmp; client_max_body_size 1m; types { }
	  server { listen 127.0.0.1:$port ssl http2 proxy_protocol; root $T/files;
	    ssl_certificate $T/cert.pem.crt; ssl_certificate_key $T/cert.pem;
	    location /who { return 200 "\$ssl_server_name \$proxy_protocol_addr \$server_protocol\n"; } } }
END
spawn nginx nginx -c "$T/nginx.conf"
wait_for 5 sh -c "ss -Hltn 'sport = :$port' | grep -q ." || fail "no nginx: $(cat nginx.log)"
tunnel web "tls=127.0.0.1:$port" proxy=v1		# nginx 1.22 takes no v2 header over 107 bytes
echo "*.tun.test tls=pass:$T/visitors http=unix:$T/visitors proxy=v2" >routes
serve -l 127.0.0.1:0 -r routes

# end to end: the certificate is that of the service, the visitor's address is known there
same "$NAME 127.0.0.1 HTTP/1.1" "$(fetch "$NAME" --cacert cert.pem.crt --http1.1)"
same "$NAME 127.0.0.1 HTTP/2.0" "$(fetch "$NAME" --cacert cert.pem.crt --http2)"
has "$(openssl s_client -connect "$ADDR" -servername "$NAME" -CAfile cert.pem.crt -verify_return_error </dev/null 2>&1)" \
    'Verify return code: 0'

# large ones, several at once over one connection and over several
get_large() { curl -sS --max-time 40 --connect-to "::$ADDR" --cacert cert.pem.crt -o "$1" "https://$NAME/large"; }
for i in 1 2 3; do get_large "got.$i" & pids="${pids:-} $!"; done
for pid in $pids; do wait "$pid" || fail "curl"; done
for i in 1 2 3; do cmp files/large "got.$i"; done
curl -sS --max-time 40 --http2 -Z --connect-to "::$ADDR" --cacert cert.pem.crt \
    "https://$NAME/large" -o a "https://$NAME/large" -o b
cmp files/large a
cmp files/large b

# a name that is nobody's: the connection breaks, as one does that was handed over
exits 35 curl -sS --max-time 20 --connect-to "::$ADDR" -k https://nobody.tun.test/

logged "name=$NAME .*target=pass:.* hello=ok .*end=passed\$"
logged "peer=127\\.0\\.0\\.1:[0-9]+ name=$NAME .*end=closed\$" tunneld
logged "peer=127\\.0\\.0\\.1:[0-9]+ name=$NAME .*target=127\\.0\\.0\\.1:$port .*end=closed\$" web
