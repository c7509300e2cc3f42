#!/bin/sh
# SPDX-License-Identifier: ISC
# Urgent data in the stream stops nothing: what comes before and behind it arrives.
. "${0%/*}/lib.sh"

backend back timeout:20 read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

same "got= end=eof" "$(client "$ADDR" hello:www.example.org sleep:0.3 send:before urgent:U send:after sleep:0.2 urgent:U \
    sleep:0.2 send:last shut read)"
logged '^1 got=.*beforeU?afterU?last end=eof$' back
