// Traffic of a small site at a steady rate: `node traffic.mjs serve ADDRESS` and `node traffic.mjs ask ADDRESS RATE`, until it is ended.
// `ask` fetches pages on connections of their own, asks for names, and sends and receives a stream without end; RATE is packets a
// second, about, there and back.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const [mode, address, rate = '0'] = process.argv.slice(2);
const HTTP = 8080;
const STREAM = 5001;
const DNS = 53;
const PAGE = Buffer.alloc(4000, 'x');
/** Milliseconds between two turns. */
const TURN = 50;
const SEGMENT = 1448;
/** Packets of a fetched page, and of a question with its answer. */
const PAGE_PACKETS = 14;
const NAME_PACKETS = 2;

if (mode === 'serve') serve();
else ask(Number(rate));

function serve() {
  createServer((socket) => {
    socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`));
    socket.on('error', () => {});
  }).listen(HTTP, address);
  createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
  }).listen(STREAM, address);
  const names = createSocket('udp4');
  names.on('message', (question, { address: from, port }) => names.send(answerTo(question), port, from));
  names.bind(DNS, address);
}

/** A name without an address: NOERROR, no records. */
function answerTo(question) {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(0x8180, 2);
  return answer;
}

function ask(packets) {
  const turns = 1000 / TURN;
  const pages = spread((packets * 0.3) / PAGE_PACKETS / turns, fetchPage);
  const names = spread((packets * 0.1) / NAME_PACKETS / turns, askName);
  // An acknowledgement for every other segment.
  const stream = spread((packets * 0.6) / 1.5 / turns, sendSegments());
  setInterval(() => {
    pages();
    names();
    stream();
  }, TURN);
}

/** Does so many in a turn, on average. */
function spread(count, act) {
  let due = 0;
  return () => {
    due += count;
    const now = Math.floor(due);
    due -= now;
    if (now > 0) act(now);
  };
}

function fetchPage(count) {
  for (let i = 0; i < count; i++) {
    const socket = connect(HTTP, address, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('error', () => {});
    socket.setTimeout(5000, () => socket.destroy());
    socket.resume();
  }
}

/** The address of host.example. */
const QUESTION = '00000100000100000000000004686f7374076578616d706c650000010001';
let asked = 0;

function askName(count) {
  for (let i = 0; i < count; i++) {
    const socket = createSocket('udp4');
    const question = Buffer.from(QUESTION, 'hex');
    question.writeUInt16BE(++asked & 0xffff, 0);
    const close = () => socket.close();
    socket.once('message', close);
    const timer = setTimeout(close, 3000);
    socket.once('close', () => clearTimeout(timer));
    socket.send(question, DNS, address, () => {});
  }
}

/** Many small segments would be one large packet to a veth; what is sent at once is as a network card would send it. */
function sendSegments() {
  const segment = Buffer.alloc(SEGMENT, 'y');
  let socket;
  const begin = () => {
    socket = connect({ port: STREAM, host: address, noDelay: true });
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(begin, 1000));
    socket.resume();
  };
  begin();
  return (count) => {
    // Unread: the network is broken meanwhile.
    if (socket.writableLength > 1 << 20) return;
    for (let i = 0; i < count; i++) socket.write(segment);
  };
}
