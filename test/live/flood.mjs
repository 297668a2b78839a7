// Datagrams as fast as it goes, until it is ended: `node flood.mjs ADDRESS many|one`, from one port, or from a new one each time.
import { createSocket } from 'node:dgram';

const [address, ports] = process.argv.slice(2);
const SINK = 9;
const PAYLOAD = Buffer.alloc(100, 'f');
const BATCH = 50;

let socket = open();

function open() {
  const made = createSocket('udp4');
  // Nobody listens there, or somebody says so.
  made.on('error', () => {});
  return made;
}

function send() {
  if (ports === 'many') {
    socket.close();
    socket = open();
  }
  let left = ports === 'many' ? 1 : BATCH;
  const sent = () => {
    if (--left === 0) setImmediate(send);
  };
  for (let i = left; i > 0; i--) socket.send(PAYLOAD, SINK, address, sent);
}

send();
