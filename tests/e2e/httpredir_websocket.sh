#!/bin/sh
# SPDX-License-Identifier: ISC
# A real WebSocket client and server talk through it.
. "${0%/*}/lib.sh"

command -v node >/dev/null || skip "no node"
export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}"
node -e 'require("ws")' 2>/dev/null || skip "no ws"
cat >server.js <<'END'
const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => require('fs').writeFileSync('port', s.address().port + '\n'));
s.on('connection', w => w.on('message', (m, binary) => w.send(m, { binary })));
END
cat >client.js <<'END'
const WebSocket = require('ws'), crypto = require('crypto');
const w = new WebSocket('ws://' + process.argv[2] + '/chat', { headers: { Host: 'a.test' } });
const big = crypto.randomBytes(5 << 20);
let n = 0;
w.on('open', () => { w.send('hello'); w.send(big); });
w.on('message', (m, binary) => {
	if (++n === 1 && m.toString() !== 'hello' || n === 2 && !m.equals(big)) process.exit(1);
	if (n === 2) w.close(4001, 'bye');
});
w.on('close', code => { console.log('closed ' + code); process.exit(code === 4001 ? 0 : 1); });
w.on('error', e => { console.log(e); process.exit(1); });
END
spawn server node server.js
wait_for 10 test -s port || fail "no server"
echo "a.test http=127.0.0.1:$(cat port)" >routes
front -l 127.0.0.1:0 -r routes
same "closed 4001" "$(timeout 20 node client.js "$ADDR")"
logged 'name=a\.test .*end=closed$' httpredir
