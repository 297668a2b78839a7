/** The sip helper: calls and registrations, with and without translation, and the streams that they announce. */
import type { TableName } from '../../../src/xtables/rule.ts';
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { rawPacket, udpBytes } from '../generate/raw.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;

const PHONE = '10.90.1.2';
const SERVER = '10.90.2.2';
const OUTSIDE = '10.90.2.1';
const PHONE6 = 'fd90:1::2';
const SERVER6 = 'fd90:2::2';
const SIP = 5060;

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID'];
const TRACKED = {
  raw: ['-A PREROUTING -p udp --dport 5060 -j CT --helper sip'],
  mangle: STATES.map((state) => `-A FORWARD -m conntrack --ctstate ${state}`),
  filter: ['-A FORWARD -m helper --helper sip'],
} satisfies Tables;
const MASQUERADED: Tables = { ...TRACKED, nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'] };

function fact(name: string, four: Tables, stimuli: readonly Stimulus[], six?: Tables): Fact {
  const text = (tables: Tables) =>
    Object.entries(tables)
      .map(([table, rules]) => tableText(table as TableName, rules))
      .join('');
  return {
    name,
    network: ROUTER,
    rules: { host: { ip4: text(four), ...(six ? { ip6: text(six) } : {}) } },
    stimuli,
  };
}

type End = readonly [address: string, port: number];
let id = 1;

function send(on: 'eth0' | 'eth1', from: End, to: End, data: string): Stimulus {
  return {
    on,
    skb: rawPacket({
      source: from[0],
      destination: to[0],
      protocol: 17,
      payload: udpBytes([from[1], to[1]], data),
      id: id++,
    }),
  };
}

const bare = (address: string): string => (address.includes(':') ? `[${address}]` : address);

interface Talk {
  readonly via: string;
  readonly from: string;
  readonly to: string;
  readonly contact?: string;
  readonly cseq?: string;
  readonly more?: readonly string[];
  readonly sdp?: string;
}

const message = (first: string, { via, from, to, contact, cseq, more = [], sdp = '' }: Talk): string =>
  [
    first,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK1`,
    `From: <sip:alice@${from}>;tag=1`,
    `To: <sip:bob@${to}>`,
    ...(contact === undefined ? [] : [`Contact: <sip:alice@${contact}>`]),
    `CSeq: ${cseq ?? '1 INVITE'}`,
    ...more,
    `Content-Length: ${sdp.length}`,
    '',
    sdp,
  ].join('\r\n');

const described = (address: string, ...media: readonly string[]): string =>
  [
    'v=0',
    `o=alice 1 1 IN IP${address.includes(':') ? 6 : 4} ${address}`,
    's=call',
    `c=IN IP${address.includes(':') ? 6 : 4} ${address}`,
    't=0 0',
    ...media,
    '',
  ].join('\r\n');

const call = (phone: string, server: string, sdp: string, via = `${bare(phone)}:${SIP}`): string =>
  message(`INVITE sip:bob@${bare(server)} SIP/2.0`, {
    via,
    from: bare(phone),
    to: bare(server),
    contact: `${bare(phone)}:${SIP}`,
    sdp,
  });

const answer = (
  code: string,
  seen: string,
  server: string,
  cseq: string,
  sdp = '',
  more: readonly string[] = [],
) =>
  message(`SIP/2.0 ${code}`, {
    via: `${bare(seen)}:${SIP};received=${seen};rport=${SIP}`,
    from: bare(seen),
    to: bare(server),
    contact: `${bare(server)}:${SIP}`,
    cseq,
    more,
    sdp,
  });

const RTP = 'm=audio 7000 RTP/AVP 0';
const VIDEO = 'm=video 7100 RTP/AVP 31';

/** A call, its answer, and the streams of both directions; `seen`: how the server knows the phone. */
const conversation = (phone: string, server: string, seen: string): readonly Stimulus[] => [
  send('eth0', [phone, SIP], [server, SIP], call(phone, server, described(phone, RTP, VIDEO))),
  send('eth1', [server, SIP], [seen, SIP], answer('100 Trying', seen, server, '1 INVITE')),
  send(
    'eth1',
    [server, SIP],
    [seen, SIP],
    answer('200 OK', seen, server, '1 INVITE', described(server, 'm=audio 8000 RTP/AVP 0')),
  ),
  send('eth1', [server, 8000], [seen, 7000], 'rtp'),
  send('eth0', [phone, 7000], [server, 8000], 'rtp'),
  send('eth0', [phone, 7001], [server, 8001], 'rtcp'),
  send('eth1', [server, 8101], [seen, 7101], 'rtcp'),
  send('eth1', [server, 8101], [seen, 7102], 'nobody asked'),
];

const registration = (phone: string, server: string, seen: string): readonly Stimulus[] => [
  send(
    'eth0',
    [phone, SIP],
    [server, SIP],
    message(`REGISTER sip:${bare(server)} SIP/2.0`, {
      via: `${bare(phone)}:${SIP}`,
      from: bare(phone),
      to: bare(server),
      contact: `${bare(phone)}:${SIP}`,
      cseq: '7 REGISTER',
      more: ['Expires: 600'],
    }),
  ),
  send('eth1', [server, 5070], [seen, SIP], 'not yet'),
  send(
    'eth1',
    [server, SIP],
    [seen, SIP],
    message('SIP/2.0 200 OK', {
      via: `${bare(seen)}:${SIP}`,
      from: bare(seen),
      to: bare(server),
      contact: `${bare(seen)}:${SIP}`,
      cseq: '7 REGISTER',
      more: ['Expires: 600'],
    }),
  ),
  send('eth1', [server, 5071], [seen, SIP], 'a call comes in, hello'),
];

export const helperFacts: readonly Fact[] = [
  fact(
    'sip: media of a call are expected between those who signal',
    TRACKED,
    conversation(PHONE, SERVER, PHONE),
  ),
  fact(
    'sip: addresses and ports in messages, and the streams, are translated as their call is',
    MASQUERADED,
    conversation(PHONE, SERVER, OUTSIDE),
  ),
  fact('sip: over IPv6', TRACKED, conversation(PHONE6, SERVER6, PHONE6), TRACKED),
  fact('sip: over IPv6, translated', TRACKED, conversation(PHONE6, SERVER6, 'fd90:2::1'), MASQUERADED),
  fact(
    'sip: a registration opens the way for calls once it is answered',
    TRACKED,
    registration(PHONE, SERVER, PHONE),
  ),
  fact('sip: a registration, translated', MASQUERADED, registration(PHONE, SERVER, OUTSIDE)),
  fact(
    'sip: of two phones behind one address that offer one server one port the second is dropped, another server may have it',
    MASQUERADED,
    [
      send('eth0', [PHONE, SIP], [SERVER, SIP], call(PHONE, SERVER, described(PHONE, RTP))),
      send(
        'eth0',
        ['10.90.1.3', 5061],
        [SERVER, SIP],
        call('10.90.1.3', SERVER, described('10.90.1.3', RTP), '10.90.1.3:5061'),
      ),
      send('eth1', [SERVER, 8000], [OUTSIDE, 7000], 'rtp of the first'),
      send('eth1', [SERVER, 8000], [OUTSIDE, 7002], 'rtp of the second'),
      send(
        'eth0',
        ['10.90.1.4', SIP],
        ['10.90.2.3', SIP],
        call('10.90.1.4', '10.90.2.3', described('10.90.1.4', RTP)),
      ),
      send('eth1', ['10.90.2.3', 8000], [OUTSIDE, 7000], 'rtp of the third'),
    ],
  ),
  fact('sip: a phone that listens on another port than it sends from', MASQUERADED, [
    send(
      'eth0',
      [PHONE, 40000],
      [SERVER, SIP],
      call(PHONE, SERVER, described(PHONE, RTP), `${PHONE}:${SIP};rport`),
    ),
    send('eth1', [SERVER, SIP], [OUTSIDE, 40000], answer('180 Ringing', OUTSIDE, SERVER, '1 INVITE')),
  ]),
  fact('sip: a call that is refused or ended takes what it expected with it', MASQUERADED, [
    send('eth0', [PHONE, SIP], [SERVER, SIP], call(PHONE, SERVER, described(PHONE, RTP))),
    send('eth1', [SERVER, SIP], [OUTSIDE, SIP], answer('486 Busy', OUTSIDE, SERVER, '1 INVITE')),
    send('eth1', [SERVER, 8000], [OUTSIDE, 7000], 'too late'),
    send('eth0', [PHONE, SIP], [SERVER, SIP], call(PHONE, SERVER, described(PHONE, VIDEO))),
    send(
      'eth0',
      [PHONE, SIP],
      [SERVER, SIP],
      message(`BYE sip:${SERVER} SIP/2.0`, {
        via: `${PHONE}:${SIP}`,
        from: PHONE,
        to: SERVER,
        cseq: '2 BYE',
      }),
    ),
    send('eth1', [SERVER, 8100], [OUTSIDE, 7100], 'too late'),
  ]),
  fact('sip: odd messages pass or are dropped', MASQUERADED, [
    send('eth0', [PHONE, SIP], [SERVER, SIP], call(PHONE, SERVER, described('10.90.1.9', RTP))),
    send('eth0', [PHONE, SIP], [SERVER, SIP], call(PHONE, SERVER, described(PHONE, 'm=audio 80 RTP/AVP 0'))),
    send(
      'eth0',
      [PHONE, SIP],
      [SERVER, SIP],
      call(PHONE, SERVER, described(PHONE, 'm=audio 0 RTP/AVP 0', 'm=text 5000 x')),
    ),
    send('eth0', [PHONE, SIP], [SERVER, SIP], `INVITE sip:bob@${SERVER} SIP/2.0\r\nTo: x\r\n\r\n`),
    send(
      'eth0',
      [PHONE, SIP],
      [SERVER, SIP],
      `OPTIONS sip:bob@${SERVER} SIP/2.0\r\nv: SIP/2.0/UDP ${PHONE}\r\nm: <sip:a@${PHONE}:5060>, <sip:b@${PHONE}>\r\n\r\n`,
    ),
    send('eth1', [SERVER, SIP], [OUTSIDE, SIP], 'SIP/2.0 abc no code\r\n\r\n'),
    send('eth1', [SERVER, SIP], [OUTSIDE, SIP], 'SIP/2.0 200 OK\r\n\r\n'),
    send('eth0', [PHONE, SIP], [SERVER, SIP], 'short'),
  ]),
];
