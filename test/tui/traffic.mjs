// What people's containers do, in one namespace each: `serve ADDRESS` answers HTTP, DNS and takes bulk data; `ask ADDRESS`
// asks all three again and again. Ends with who started it.
import { createSocket } from 'node:dgram';
import { createServer as createHttp, get } from 'node:http';
import { connect, createServer } from 'node:net';

const [, , role, address] = process.argv;
process.stdin.resume().on('end', () => process.exit());

/** RFC 1035: one question, for an A record of host.example. */
function question(id) {
  const name = Buffer.from('\x04host\x07example\0', 'latin1');
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, name, Buffer.from([0, 1, 0, 1])]);
}

function answer(asked) {
  const reply = Buffer.concat([asked, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])]);
  reply[2] = 0x81;
  reply[3] = 0x80;
  reply[7] = 1;
  return reply;
}

if (role === 'serve') {
  createHttp((_, response) => response.end('hello\n')).listen(80, address);
  const dns = createSocket('udp4');
  dns.on('message', (asked, { port, address: from }) => dns.send(answer(asked), port, from));
  dns.bind(53, address);
  createServer((socket) => socket.on('error', () => {}).resume()).listen(5201, address);
} else {
  let id = 0;
  setInterval(() => {
    get({ host: address, timeout: 2000, agent: false }, (response) => response.resume()).on(
      'error',
      () => {},
    );
  }, 700);
  setInterval(() => {
    const socket = createSocket('udp4');
    socket.on('message', () => socket.close());
    socket.send(question(++id & 0xffff), 53, address);
    setTimeout(() => {
      try {
        socket.close();
      } catch {
        // It was answered.
      }
    }, 1500);
  }, 900);
  // Some hundred kilobytes a second.
  const bulk = () => {
    const socket = connect(5201, address);
    const timer = setInterval(() => socket.write(Buffer.alloc(20_000)), 100);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      setTimeout(bulk, 1000);
    });
  };
  bulk();
}
