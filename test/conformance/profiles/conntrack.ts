/** Connection tracking and NAT: conversations with odd segments at every state, their answers and errors through NAT, helpers. */
import type { Case, Stimulus } from '../case.ts';
import { limited } from '../generate/answers.ts';
import { dialogue } from '../generate/dialogue.ts';
import {
  fragments4,
  icmpBytes,
  initiation,
  rawPacket,
  sctpBytes,
  tcpBytes,
  udpBytes,
} from '../generate/raw.ts';
import { repliesTo } from '../generate/reply.ts';
import { randomTalk } from '../generate/talk.ts';
import { ROUTER } from '../networks/router.ts';
import type { Random } from '../random.ts';

export function conntrackCase(random: Random): Omit<Case, 'name'> {
  const six = random.chance(0.2);
  const kind = random.pick(['talk', 'talk', 'mixture', 'mixture', 'mixture', 'helper'] as const);
  const made =
    kind === 'helper' ? dialogue(random, six) : { stimuli: stimuliOf(random, six, kind), rules: [] };
  const rules = ruleset(random, six, made.rules, kind);
  let id = 1000;
  return {
    network: ROUTER,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: six ? { ip6: rules } : { ip4: rules } },
    settings: { host: settings(random) },
    stimuli: made.stimuli,
    ...('answer' in made
      ? { answer: made.answer }
      : kind === 'mixture'
        ? { answer: limited(40, (frames) => repliesTo(random, frames, id++)) }
        : {}),
  };
}

/** Each with the chance of it; a network stays for one case only. */
const SETTINGS: readonly (readonly [string, number])[] = [
  ['tcp_loose=0', 0.08],
  ['tcp_be_liberal=1', 0.08],
  ['tcp_ignore_invalid_rst=1', 0.08],
  ['tcp_max_retrans=1', 0.1],
  ['tcp_timeout_max_retrans=20', 0.1],
  ['tcp_timeout_unacknowledged=77', 0.1],
  ['tcp_timeout_close=17', 0.05],
  ['udp_timeout=44', 0.08],
  ['udp_timeout_stream=66', 0.08],
  ['sctp_timeout_established=99', 0.08],
  ['checksum=0', 0.08],
  ['acct=1', 0.6],
];

function settings(random: Random): string[] {
  const chosen = SETTINGS.filter(([, chance]) => random.chance(chance));
  return chosen.map(([setting]) => `sysctl -qw net.netfilter.nf_conntrack_${setting}`);
}

const CHAINS = {
  raw: ['PREROUTING', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
} as const;

const ZONES = [
  '-A PREROUTING -i eth0 -j CT --zone 3',
  '-A PREROUTING -i eth0 -p udp -j CT --zone-orig 4',
  '-A PREROUTING -i eth1 -p tcp -j CT --zone-reply 5',
  '-A PREROUTING -i eth1 -j CT --zone 3',
  '-A PREROUTING -p udp --dport 2000 -j CT --notrack',
  '-A PREROUTING -j CT --zone mark',
];

const NAT = {
  4: [
    '-A POSTROUTING -o eth1 -j MASQUERADE',
    '-A POSTROUTING -o eth1 -j MASQUERADE --random',
    '-A POSTROUTING -o eth1 -p tcp -j MASQUERADE --to-ports 5000-5003',
    '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 10.90.2.1:5000',
    '-A POSTROUTING -o eth1 -j SNAT --to-source 10.90.2.10-10.90.2.13',
    '-A POSTROUTING -o eth1 -j SNAT --to-source 10.90.2.10-10.90.2.13 --persistent',
    '-A POSTROUTING -o eth1 -p sctp -j SNAT --to-source 10.90.2.9:77',
    '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.90.2.9:4321',
    '-A POSTROUTING -s 10.90.1.0/24 -j NETMAP --to 10.90.2.0/24',
    '-A POSTROUTING -o eth0 -d 10.90.1.2 -j MASQUERADE',
    '-A PREROUTING -i eth0 -p udp --dport 53 -j DNAT --to-destination 10.90.2.2:5353',
    '-A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to-destination 10.90.2.3-10.90.2.5',
    '-A PREROUTING -i eth0 -p tcp --dport 8000:8010 -j DNAT --to-destination 10.90.2.2:7000-7003',
    '-A PREROUTING -i eth0 -p tcp --dport 8000:8010 -j DNAT --to-destination 10.90.2.2:7000-7010/8000',
    '-A PREROUTING -i eth0 -p tcp --dport 8080 -j REDIRECT --to-ports 80',
    '-A PREROUTING -i eth0 -p icmp -d 10.90.1.1 -j DNAT --to-destination 10.90.2.2',
    '-A PREROUTING -d 10.90.9.0/24 -j NETMAP --to 10.90.2.0/24',
    '-A INPUT -p udp --dport 99 -j SNAT --to-source 10.90.1.17',
    '-A OUTPUT -d 10.90.2.7 -j DNAT --to-destination 10.90.1.2',
    '-A OUTPUT -p udp --dport 53 -j REDIRECT --to-ports 54',
  ],
  6: [
    '-A POSTROUTING -o eth1 -j MASQUERADE',
    '-A POSTROUTING -o eth1 -j SNAT --to-source fd90:2::2-fd90:2::20',
    '-A PREROUTING -i eth0 -p udp --dport 53 -j DNAT --to-destination [fd90:2::2]:5353',
    '-A PREROUTING -i eth0 -p tcp --dport 8080 -j REDIRECT --to-ports 80',
    '-A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to-destination fd90:2::2',
  ],
} as const;

function ruleset(random: Random, six: boolean, helperRules: readonly string[], kind: string): string {
  const some = (rules: readonly string[], chance: number) => rules.filter(() => random.chance(chance));
  const states = ['NEW', 'ESTABLISHED', 'INVALID', 'RELATED', 'UNTRACKED', 'SNAT', 'DNAT'];
  const rules = {
    raw: [...helperRules, ...some(ZONES, kind === 'mixture' ? 0.08 : 0)],
    nat: kind === 'talk' ? [] : some(NAT[six ? 6 : 4], 0.2),
    filter: ['FORWARD', 'INPUT'].flatMap((chain) => [
      ...states.map((state) => `-A ${chain} -m conntrack --ctstate ${state}`),
      ...['ASSURED', 'SEEN_REPLY', 'EXPECTED', 'CONFIRMED'].map(
        (status) => `-A ${chain} -m conntrack --ctstatus ${status}`,
      ),
      `-A ${chain} -m conntrack --ctexpire 100:500`,
      `-A ${chain} -m conntrack --ctdir REPLY`,
      ...(random.chance(0.3) ? [`-A ${chain} -m helper --helper ftp`] : []),
      ...(random.chance(0.3)
        ? [`-A ${chain} -m connbytes --connbytes 3: --connbytes-mode packets --connbytes-dir both`]
        : []),
    ]),
  };
  return (['raw', 'nat', 'filter'] as const)
    .flatMap((table) => [
      `*${table}`,
      ...CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]`),
      ...rules[table],
      'COMMIT',
    ])
    .concat('')
    .join('\n');
}

function stimuliOf(random: Random, six: boolean, kind: 'talk' | 'mixture'): Stimulus[] {
  const addresses = six ? (['fd90:1::2', 'fd90:2::2'] as const) : (['10.90.1.2', '10.90.2.2'] as const);
  if (kind === 'talk') {
    return randomTalk(
      random,
      { ends: ['eth0', 'eth1'], addresses, ports: [4000, 80] },
      12 + random.below(50),
    );
  }
  return Array.from({ length: 12 + random.below(20) }, (_, i) => mixture(random, six, i + 1)).flat();
}

function mixture(random: Random, six: boolean, id: number): Stimulus[] {
  const local = random.chance(0.12);
  const net = six ? 'fd90:' : '10.90.';
  const hosts = six ? ['1::2'] : ['1.2', '1.3', '1.4'];
  const servers = six ? ['2::2', '2::2', '1::1'] : ['2.2', '2.3', '1.1', '2.1', '9.5', '1.7'];
  const source = net + (local ? (six ? '1::1' : '1.1') : random.pick(hosts));
  const destination =
    net + (local ? random.pick(six ? ['2::2', '1::2'] : ['2.2', '2.7', '1.2']) : random.pick(servers));
  const ports = [
    random.pick([1000, 1000, 1001, 300, 800]),
    random.pick([53, 80, 8080, 8003, 8004, 99, 2000]),
  ] as const;
  // Whether the host has a handler for other protocols no dump tells.
  const forUs = local || /[.:]1$/.test(destination);
  const protocols = [
    17,
    17,
    17,
    6,
    6,
    6,
    six ? 58 : 1,
    six ? 58 : 1,
    ...(forUs ? [] : [132, 136, 47, 33, 50, 1, 58]),
  ];
  const protocol = random.pick(protocols);
  const packet = rawPacket({
    source,
    destination,
    protocol,
    payload: payloadOf(random, protocol, ports),
    id,
    spoilt: !local && random.chance(0.03),
  });
  const on = local ? 'local:host' : 'eth0';
  const pieces = !local && !six && random.chance(0.12) ? cut(random, packet) : [packet];
  return pieces.map((skb) => ({ on, skb }));
}

function payloadOf(random: Random, protocol: number, ports: readonly [number, number]): Uint8Array {
  const word = (random.pick([7, 7, 8]) << 16) | 1;
  switch (protocol) {
    case 6: {
      const flags = random.pick([2, 2, 2, 2, 16, 18]);
      return tcpBytes({
        ports,
        flags,
        sequence: random.pick([1000, 5000]),
        acknowledgement: 77,
        data: random.pick(['', 'abc']),
      });
    }
    case 17:
      return udpBytes(
        ports,
        'x'.repeat(random.below(60)),
        random.chance(0.05) ? random.pick([4, 8, 200]) : undefined,
      );
    case 136:
      return udpBytes(ports, 'liteabc', random.pick([8, 0, 15, 12, 200]));
    case 132:
      return sctpBytes(ports, 0, [{ type: 1, data: initiation(9) }]);
    case 47:
      return Uint8Array.from(
        random.pick([
          [0, 0, 8, 0],
          [0x20, 1, 0x88, 0x0b, 0, 4, 0, 7],
          [0x20, 1, 8, 0, 0, 4, 0, 7],
        ]),
      );
    case 1:
      return icmpBytes(random.pick([8, 8, 8, 0, 13, 17, 15, 5, 3, 42]), 0, word);
    case 58:
      return icmpBytes(random.pick([128, 128, 128, 129, 139, 1, 137, 143]), 0, word);
    default:
      return Uint8Array.from(Array.from({ length: 16 }, () => random.below(256)));
  }
}

/** In order, out of order, or one piece twice. */
function cut(random: Random, packet: Stimulus['skb']): Stimulus['skb'][] {
  const pieces = fragments4(packet, random.pick([[8], [16], [8, 16], [8, 24]]));
  const [first] = pieces;
  if (random.chance(0.3)) pieces.reverse();
  else if (first && random.chance(0.1)) pieces.unshift(first);
  return pieces;
}
