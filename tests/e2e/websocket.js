// SPDX-License-Identifier: ISC
// A WebSocket server that echoes (its port is left in the file "port"), and a client that talks to it for a while.
// usage: node websocket.js server | client ADDR HOST
const ws = require('ws'), crypto = require('crypto'), fs = require('fs');
const [what, addr, host] = process.argv.slice(2);

if (what === 'server') {
	const s = new ws.WebSocketServer({ host: '127.0.0.1', port: 0 }, () => fs.writeFileSync('port', s.address().port + '\n'));
	s.on('connection', w => w.on('message', (m, binary) => w.send(m, { binary })));
} else {
	const w = new ws('ws://' + addr + '/chat', { headers: { Host: host } }), big = crypto.randomBytes(5 << 20);
	let n = 0;
	w.on('open', () => { w.send('hello'); w.send(big); });
	w.on('message', (m, binary) => {
		if (++n === 1 && m.toString() !== 'hello' || n === 2 && !m.equals(big)) process.exit(1);
		if (n === 2) w.close(4001, 'bye');
	});
	w.on('close', code => { console.log('closed ' + code); process.exit(code === 4001 ? 0 : 1); });
	w.on('error', e => { console.log(e); process.exit(1); });
}
