/** Control connections that a helper listens to, and the connections that they announce. */
import { formatIp } from '../../../src/net/ip.ts';
import { fieldsOf } from '../../../src/skb/fields.ts';
import type { Frame, Stimulus } from '../case.ts';
import { readFrame, skbOf } from '../frame.ts';
import type { Random } from '../random.ts';
import { rawPacket, tcpBytes, udpBytes } from './raw.ts';
import { sipTalk } from './sip.ts';

interface Dialogue {
  readonly stimuli: readonly Stimulus[];
  readonly rules: readonly string[];
  readonly answer?: (frames: readonly Frame[]) => readonly Stimulus[];
}

const ACK = 16;
const PSH = 8;
const SYN = 2;

export function dialogue(random: Random, six: boolean): Dialogue {
  const client = six ? 'fd90:1::2' : '10.90.1.2';
  const server = six ? 'fd90:2::2' : '10.90.2.2';
  const kind = random.pick(
    six ? (['ftp', 'tftp', 'sip'] as const) : (['ftp', 'ftp', 'tftp', 'irc', 'sip', 'sip'] as const),
  );
  if (kind === 'sip') {
    const { openers, answer } = sipTalk(random, client, server);
    return { rules: helperRules('udp', 5060, 'sip'), stimuli: openers, answer: seen(answer) };
  }
  return kind === 'tftp' ? tftp(random, client, server) : control(random, kind, client, server);
}

const helperRules = (protocol: string, port: number, helper: string): string[] => [
  `-A PREROUTING -p ${protocol} --dport ${port} -j CT --helper ${helper}`,
];

function tftp(random: Random, client: string, server: string): Dialogue {
  const request = (id: number): Stimulus => ({
    on: 'eth0',
    skb: rawPacket({
      source: client,
      destination: server,
      protocol: 17,
      payload: udpBytes(
        [3000, 69],
        random.pick(['\0\u0001file\0octet\0', '\0\u0002f\0octet\0', '\0\u0003xy', 'x']),
      ),
      id,
    }),
  });
  let id = 100;
  return {
    rules: helperRules('udp', 69, 'tftp'),
    stimuli: [request(1), request(2)],
    answer: seen(({ end, source, destination, ports }) =>
      end === 'eth1' && ports[1] === 69
        ? [
            {
              on: end,
              skb: rawPacket({
                source: destination,
                destination: source,
                protocol: 17,
                payload: udpBytes([random.pick([69, 4444]), ports[0]], 'data'),
                id: id++,
              }),
            },
          ]
        : [],
    ),
  };
}

interface Seen {
  readonly end: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly data: string;
}

function seen(answer: (of: Seen) => readonly Stimulus[]): (frames: readonly Frame[]) => readonly Stimulus[] {
  let left = 60;
  return (frames) =>
    frames.flatMap(({ end, bytes }): readonly Stimulus[] => {
      const frame = readFrame(bytes);
      const skb = frame && skbOf(frame.payload);
      if (!skb || skb.transport < 0 || left-- <= 0) return [];
      const { source, destination, sourcePort = 0, destinationPort = 0, tcpFlags = 0 } = fieldsOf(skb);
      const view = new DataView(skb.bytes.buffer, skb.bytes.byteOffset);
      const tcp = skb.protocol === 6;
      const header = tcp ? ((skb.bytes[skb.transport + 12] ?? 0) >> 4) * 4 : 8;
      return answer({
        end,
        source: formatIp(source),
        destination: formatIp(destination),
        ports: [sourcePort, destinationPort],
        flags: tcpFlags,
        sequence: tcp ? view.getUint32(skb.transport + 4) : 0,
        acknowledgement: tcp ? view.getUint32(skb.transport + 8) : 0,
        data: Buffer.from(skb.bytes.subarray(skb.transport + header)).toString('latin1'),
      });
    });
}

/** Both sides are written down beforehand, but for what the router changes between them: sequence numbers follow what arrives. */
function control(random: Random, kind: 'ftp' | 'irc', client: string, server: string): Dialogue {
  const port = kind === 'ftp' ? 21 : 6667;
  const turns = kind === 'ftp' ? ftpTurns(random, client, server) : ircTurns(random, client);
  const local = { address: client, end: 'eth0', next: random.pick([1000, 0xffffff00]), heard: 0, port: 4000 };
  const remote = { address: '', end: 'eth1', next: 7000, heard: 0, port };
  const peer = { address: server, port };
  let id = 1;
  const say = (
    side: typeof local,
    to: { address: string; port: number },
    flags: number,
    data = '',
  ): Stimulus => {
    const skb = rawPacket({
      source: side === local ? client : peer.address,
      destination: to.address,
      protocol: 6,
      payload: tcpBytes({
        ports: [side === local ? local.port : peer.port, to.port],
        flags,
        sequence: side.next,
        acknowledgement: side.heard,
        data,
      }),
      id: id++,
    });
    side.next = (side.next + data.length + (flags & SYN ? 1 : 0)) >>> 0;
    return { on: side.end, skb };
  };
  const back = { address: client, port: 4000 };
  const openers: Stimulus[] = [];
  const nextTurn = (): readonly Stimulus[] => {
    const turn = turns.shift();
    if (!turn) return [];
    if (turn.by === 'client') return [say(local, { address: server, port }, ACK | PSH, turn.text)];
    if (turn.by === 'server') return [say(remote, back, ACK | PSH, turn.text)];
    const data = rawPacket({
      source: turn.by === 'to client' ? peer.address : client,
      destination: turn.by === 'to client' ? back.address : server,
      protocol: 6,
      payload: tcpBytes({ ports: [turn.from, turn.port], flags: SYN, sequence: 1 }),
      id: id++,
    });
    return [{ on: turn.by === 'to client' ? 'eth1' : 'eth0', skb: data }, ...nextTurn()];
  };
  openers.push(say(local, { address: server, port }, SYN));
  return {
    rules: helperRules('tcp', port, kind),
    stimuli: openers,
    answer: seen((of) => {
      const length = of.data.length + (of.flags & SYN ? 1 : 0);
      if (of.end === 'eth1' && of.ports[1] === peer.port) {
        back.address = of.source;
        back.port = of.ports[0];
        peer.address = of.destination;
        remote.heard = (of.sequence + length) >>> 0;
        if (of.flags & SYN) return [say(remote, back, SYN | ACK)];
        return of.data === ''
          ? nextTurn()
          : [say(remote, back, ACK), ...(random.chance(0.8) ? nextTurn() : [])];
      }
      if (of.end === 'eth0' && of.ports[1] === local.port) {
        local.heard = (of.sequence + length) >>> 0;
        if (of.flags & SYN) return [say(local, { address: server, port }, ACK)];
        return of.data === '' ? [] : [say(local, { address: server, port }, ACK), ...nextTurn()];
      }
      return [];
    }),
  };
}

interface Turn {
  readonly by: 'client' | 'server' | 'to client' | 'to server';
  readonly text: string;
  readonly from: number;
  readonly port: number;
}

const turn = (by: Turn['by'], text: string, port = 0, from = 20): Turn => ({ by, text, port, from });

function ftpTurns(random: Random, client: string, server: string): Turn[] {
  const six = client.includes(':');
  const port = random.pick([5001, 1, 65535, 20000]);
  const dotted = (address: string) => `${address.replaceAll('.', ',')},${port >> 8},${port & 255}`;
  const active = six
    ? [`EPRT |2|${client}|${port}|\r\n`]
    : [
        `PORT ${dotted(client)}\r\n`,
        `EPRT |1|${client}|${port}|\r\n`,
        `PORT ${dotted('10.90.1.3')}\r\n`,
        `port ${dotted(client)}\r\n`,
      ];
  const passive = six
    ? [`229 Extended (|||${port}|)\r\n`]
    : [
        `227 Entering Passive Mode (${dotted(server)}).\r\n`,
        `229 Extended (|||${port}|)\r\n`,
        `227 No (${dotted('10.90.2.9')}).\r\n`,
      ];
  const turns: Turn[] = [
    turn('server', '220 ready\r\n'),
    turn('client', 'USER anonymous\r\n'),
    turn('server', '230 in\r\n'),
  ];
  for (let i = 0; i < 1 + random.below(3); i++) {
    if (random.chance(0.5)) {
      turns.push(
        turn('client', random.pick(active)),
        turn('server', '200 ok\r\n'),
        turn('to client', '', port),
      );
    } else {
      turns.push(
        turn('client', random.pick(['PASV\r\n', 'EPSV\r\n'])),
        turn('server', random.pick(passive)),
        turn('to server', '', port, 4100),
      );
    }
    if (random.chance(0.2))
      turns.push(turn('client', random.pick(['NOOP\r\n', 'PORT 10,90', 'PO', 'EPRT |1|10.90.1.2|\r\n'])));
  }
  return [...turns, turn('client', 'QUIT\r\n'), turn('server', '221 bye\r\n')];
}

function ircTurns(random: Random, client: string): Turn[] {
  const number = client.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const port = random.pick([5001, 60000]);
  const offer = random.pick([
    `PRIVMSG bob :\u0001DCC SEND file.txt ${number} ${port} 12345\u0001\n`,
    `PRIVMSG bob :\u0001DCC CHAT chat ${number} ${port}\u0001\r\n`,
    `PRIVMSG bob :\u0001DCC SEND f ${number + 1} ${port}\u0001\n`,
    `NOTICE bob :\u0001DCC SEND file ${number} ${port}\u0001\n`,
  ]);
  return [
    turn('server', ':srv 001 hello\r\n'),
    turn('client', 'NICK alice\r\n'),
    turn('server', ':srv 002 hello\r\n'),
    turn('client', offer),
    turn('server', ':srv ok\r\n'),
    turn('to client', '', port, 5555),
    turn('client', offer),
    turn('server', ':srv ok again\r\n'),
  ];
}
