/** Calls and registrations over UDP, in more and less orderly messages, and the streams that they announce. */
import type { Stimulus } from '../case.ts';
import type { Random } from '../random.ts';
import { rawPacket, udpBytes } from './raw.ts';

const SIP = 5060;

/** A message as the other side sees it come. */
export interface Heard {
  readonly end: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
  readonly data: string;
}

const bare = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function described(random: Random, address: string): string {
  const network = `IN IP${address.includes(':') ? 6 : 4}`;
  const port = random.pick([7000, 7001, 65534, 7000, 1023, 0]);
  const media = [
    `m=audio ${port} RTP/AVP 0`,
    `m=video ${random.pick([7100, 7000])} RTP/AVP 31`,
    `m=image 7200 udptl t38`,
    'm=text 5000 x',
  ].filter((_, index) => random.chance(index === 0 ? 0.9 : 0.3));
  return [
    'v=0',
    `o=alice 1 1 ${network} ${address}`,
    's=call',
    ...(random.chance(0.9) ? [`c=${network} ${address}`] : []),
    't=0 0',
    ...media.flatMap((line) => [line, ...(random.chance(0.2) ? [`c=${network} ${address}`] : [])]),
    '',
  ].join('\r\n');
}

function message(random: Random, first: string, lines: readonly string[], sdp: string): string {
  const short: Readonly<Record<string, string>> = { Via: 'v', From: 'f', To: 't', Contact: 'm' };
  const compact = random.chance(0.15);
  const named = lines
    .map((line) => (compact ? line.replace(/^\w+(?=:)/, (name) => short[name] ?? name) : line))
    .map((line) => (random.chance(0.05) ? line.replace(': ', ':\r\n  ') : line));
  const length = random.chance(0.95) ? [`${compact ? 'l' : 'Content-Length'}: ${sdp.length}`] : [];
  return [first, ...named, ...length, '', sdp].join('\r\n');
}

function request(random: Random, client: string, server: string, port: number): string {
  const method = random.pick([
    'INVITE',
    'INVITE',
    'INVITE',
    'REGISTER',
    'ACK',
    'BYE',
    'UPDATE',
    'OPTIONS',
    'invite',
  ]);
  const listens = random.pick([port, port, SIP]);
  const own = `${bare(client)}${listens === SIP && random.chance(0.5) ? '' : `:${listens}`}`;
  const sdp =
    method === 'REGISTER' || method === 'BYE' || random.chance(0.1) ? '' : described(random, client);
  return message(
    random,
    `${method} sip:${random.pick(['bob@', ''])}${bare(server)}${random.pick(['', ':5060', ':80'])} SIP/2.0`,
    [
      `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${random.pick(['', ';rport'])}`,
      `From: <sip:alice@${bare(client)}>;tag=1`,
      `To: "Bob" <sip:bob@${bare(server)}>`,
      ...(random.chance(0.9)
        ? [`Contact: <sip:alice@${own}>${random.pick(['', ';expires=60', ';expires=0', `, <sip:b@${own}>`])}`]
        : []),
      `CSeq: ${random.pick(['1', '2', 'x'].slice(0, random.chance(0.1) ? 3 : 2))} ${method.toUpperCase()}`,
      ...(method === 'REGISTER' && random.chance(0.7) ? ['Expires: 600'] : []),
    ],
    sdp,
  );
}

function response(random: Random, { source, destination, ports, data }: Heard): string {
  const cseq = /^CSeq: (\S+ \S+)/im.exec(data)?.[1] ?? '1 INVITE';
  const contact = /^(?:Contact|m): (.*)$/im.exec(data)?.[1]?.trim();
  const registers = cseq.endsWith('REGISTER');
  const code = random.pick(['200 OK', '200 OK', '100 Trying', '183 Progress', '486 Busy', 'xx']);
  return message(
    random,
    `SIP/2.0 ${code}`,
    [
      `Via: SIP/2.0/UDP ${bare(source)}:${ports[0]};received=${source};rport=${ports[0]}`,
      `From: <sip:alice@${bare(source)}>;tag=1`,
      `To: <sip:bob@${bare(destination)}>`,
      `Contact: ${registers && contact ? contact : `<sip:bob@${bare(destination)}:${ports[1]}>`}`,
      `CSeq: ${cseq}`,
      ...(registers && random.chance(0.7) ? ['Expires: 300'] : []),
    ],
    registers || random.chance(0.3) ? '' : described(random, destination).replaceAll('7000', '8000'),
  );
}

export interface SipTalk {
  readonly openers: readonly Stimulus[];
  answer(heard: Heard): readonly Stimulus[];
}

export function sipTalk(random: Random, client: string, server: string): SipTalk {
  let id = 1;
  const send = (
    on: string,
    from: string,
    to: string,
    ports: readonly [number, number],
    data: string,
  ): Stimulus => ({
    on,
    skb: rawPacket({
      source: from,
      destination: to,
      protocol: 17,
      payload: udpBytes([...ports], data),
      id: id++,
    }),
  });
  const port = random.pick([SIP, SIP, 40000]);
  const other = client.replace(/2$/, '3');
  const phone = (): Stimulus => {
    const from = random.pick([client, client, other]);
    return send('eth0', from, server, [port, SIP], request(random, from, server, port));
  };
  return {
    openers: Array.from({ length: 3 }, phone),
    answer(heard) {
      const { end, source, destination, ports } = heard;
      if (end !== 'eth1' || ports[1] !== SIP) return [];
      const media = random.pick([7000, 7001, 7002, 7100]);
      return [
        send('eth1', destination, source, [SIP, ports[0]], response(random, heard)),
        send('eth1', destination, source, [8000, media], 'rtp'),
        send('eth0', random.pick([client, other]), server, [media, 8000], 'rtp'),
        ...(random.chance(0.2)
          ? [send('eth1', destination, source, [5071, ports[0]], 'a call comes in')]
          : []),
        ...(random.chance(0.3) ? [phone()] : []),
      ];
    },
  };
}
