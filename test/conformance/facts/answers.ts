/** What the kernel sends itself: errors, refusals and echoes, whom they are of, and what NAT makes of them. */
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { TableName } from '../../../src/xtables/rule.ts';
import { error, icmp, type LivePacket, tcp, udp } from '../../netstack/support/cases.ts';
import type { Rules } from '../case.ts';
import type { Fact } from '../facts.ts';
import { rawPacket, sctpBytes } from '../generate/raw.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;
interface Around {
  readonly four?: Tables;
  readonly six?: Tables;
  readonly nft?: string;
  readonly settings?: readonly string[];
}

const textOf = (tables: Tables): string =>
  Object.entries(tables)
    .map(([table, rules]) => tableText(table as TableName, rules))
    .join('');

function fact(name: string, { four, six, nft, settings = [] }: Around, packets: readonly LivePacket[]): Fact {
  const rules: Rules = {
    ...(four ? { ip4: textOf(four) } : {}),
    ...(six ? { ip6: textOf(six) } : {}),
    ...(nft === undefined ? {} : { nft }),
  };
  return {
    name,
    network: ROUTER,
    rules: { host: rules },
    settings: { host: settings },
    stimuli: packets.map(({ on, skb }) => ({ on: on === 'local' ? 'local:host' : on, skb })),
  };
}

const SEEN: Tables = { mangle: ['-A PREROUTING', '-A INPUT', '-A FORWARD', '-A OUTPUT', '-A POSTROUTING'] };
const C = '10.90.1.2';
const S = '10.90.2.2';
const HOST = '10.90.1.1';
const C6 = 'fd90:1::2';
const S6 = 'fd90:2::2';
const HOST6 = 'fd90:1::1';
const SYN = 2;

const owners = (...chains: string[]): string[] =>
  chains.flatMap((chain) =>
    [
      '--socket-exists',
      '! --socket-exists',
      '--uid-owner 0',
      '! --uid-owner 0',
      '--socket-exists ! --uid-owner 0',
      '! --uid-owner 0 ! --gid-owner 0',
    ].map((words) => `-A ${chain} -m owner ${words}`),
  );
const REFUSED = (reject: string): Tables => ({
  mangle: owners('OUTPUT', 'POSTROUTING'),
  filter: [
    `-A INPUT -p tcp --dport 81 -j REJECT --reject-with tcp-reset`,
    `-A INPUT -p udp --dport 82 -j REJECT --reject-with ${reject}`,
  ],
});

const senders: readonly Fact[] = [
  fact(
    'an answer of IPv4 has its route by the tos of what it answers, one of IPv6 has not',
    {
      four: SEEN,
      six: SEEN,
      settings: ['ip rule add pref 10 tos 0x10 prohibit', 'ip -6 rule add pref 10 tos 0x10 prohibit'],
    },
    [C, C6].flatMap((from) => {
      const host = from === C ? HOST : HOST6;
      const tos = 0x10;
      return [
        icmp('eth0', from, host, from === C ? { tos } : { icmpType: 128, tos }),
        udp('eth0', from, host, 5, 6, { tos }),
        tcp('eth0', from, host, [5, 80], SYN, 0, 0, { tos }),
      ];
    }),
  ),
  fact(
    'ICMP and the IPv4 RST of a closed port have a socket without a file, the RSTs of IPv6 and of REJECT have none',
    { four: REFUSED('icmp-host-unreachable'), six: REFUSED('icmp6-no-route') },
    [C, C6].flatMap((from) => {
      const host = from === C ? HOST : HOST6;
      return [
        icmp('eth0', from, host, from === C ? {} : { icmpType: 128 }),
        udp('eth0', from, host, 5, 6),
        udp('eth0', from, host, 5, 82),
        tcp('eth0', from, host, [5, 80], SYN),
        tcp('eth0', from, host, [5, 81], SYN),
        udp('eth0', from, from === C ? S : S6, 5, 6, { ttl: 1 }),
      ];
    }),
  ),
  fact(
    'nobody is the user of what the kernel sends, for nft',
    {
      nft: `table inet t {
 chain out { type filter hook output priority 0; meta skuid 0 counter; meta skuid != 0 counter; meta skgid 0 counter; }
}`,
    },
    [udp('eth0', C, HOST, 5, 6), tcp('eth0', C6, HOST6, [5, 80], SYN), icmp('eth0', C, HOST)],
  ),
];

const heartbeat = (on: 'eth0' | 'eth1', source: string, destination: string, ports: [number, number]) => ({
  on,
  skb: rawPacket({
    source,
    destination,
    protocol: 132,
    payload: sctpBytes(ports, 9, [{ type: 1, data: [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1] }]),
  }),
});

const translated: readonly Fact[] = [
  fact(
    'NAT makes the checksum of a quoted SCTP packet anew, of as much as is quoted',
    { four: { ...SEEN, nat: ['-A POSTROUTING -o eth1 -p sctp -j SNAT --to-source 10.90.2.9:77'] } },
    [
      heartbeat('eth0', C, S, [800, 8080]),
      error('eth1', S, '10.90.2.9', 3, 1, heartbeat('eth1', '10.90.2.9', S, [77, 8080])),
    ],
  ),
];

const where: readonly Fact[] = [
  fact(
    'whether the sender is on the link, the first next hop of his route says, whichever the hash would take',
    {
      four: SEEN,
      settings: [
        'sysctl -qw net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.eth0.send_redirects=1 net.ipv4.fib_multipath_hash_seed=7',
        'ip route add 10.50.0.0/16 nexthop dev eth1 nexthop via 10.90.1.3 dev eth0 weight 200',
        'ip route add 10.51.0.0/16 nexthop via 10.90.1.3 dev eth0 nexthop dev eth1 weight 200',
      ],
    },
    ['10.50.1.1', '10.50.1.2', '10.51.1.1', '10.51.1.2'].map((source) =>
      udp('eth0', source, '10.90.1.4', 5, 6),
    ),
  ),
  fact(
    'fib finds the interface that a packet came in by where that is lo, in input as in prerouting',
    {
      nft: `table inet t {
 chain pre { type filter hook prerouting priority 0; fib saddr oifname "eth0" counter; fib saddr oifname "lo" counter; }
 chain in { type filter hook input priority 0; fib saddr oifname "eth0" counter; fib saddr oifname "lo" counter; fib daddr oifname "lo" counter; }
}`,
    },
    [udp('local', HOST, '10.90.2.1', 5, 6), udp('local', HOST6, HOST6, 5, 6), udp('eth0', C, HOST, 5, 6)],
  ),
];

const states = (...chains: string[]): string[] =>
  chains.flatMap((chain) =>
    ['NEW', 'RELATED', 'INVALID'].map((state) => `-A ${chain} -m conntrack --ctstate ${state}`),
  );

/** Bytes behind what the UDP length says. */
function trailing({ on, skb }: LivePacket): LivePacket {
  const bytes = skb.bytes.slice();
  bytes[25] = 12;
  const short = { ...skb, bytes };
  sealChecksums(short);
  return { on, skb: short };
}

const connected: readonly Fact[] = [
  fact(
    'errors and refusals are RELATED already in raw OUTPUT, but for the port unreachable of UDP itself',
    {
      four: {
        raw: states('OUTPUT'),
        mangle: states('OUTPUT'),
        filter: [
          '-A INPUT -p udp --dport 82 -j REJECT',
          '-A INPUT -p tcp --dport 81 -j REJECT --reject-with tcp-reset',
        ],
      },
    },
    [
      udp('eth0', C, HOST, 5, 6),
      udp('eth0', C, HOST, 5, 82),
      tcp('eth0', C, HOST, [5, 81], SYN),
      udp('eth0', C, S, 5, 6, { ttl: 1 }),
    ],
  ),
  fact(
    'an error about what was for the host comes from the address that was asked, about what is forwarded from the way in',
    { four: SEEN, six: SEEN },
    [
      udp('eth0', C, '10.90.2.1', 5, 6),
      udp('eth0', C6, 'fd90:2::1', 5, 6),
      udp('eth0', C, S, 5, 6, { ttl: 1 }),
      udp('eth0', C6, S6, 5, 6, { ttl: 1 }),
    ],
  ),
  fact('an error quotes a datagram without the bytes behind its length', { four: SEEN }, [
    trailing(udp('eth0', C, HOST, 5, 6, { payload: 16 })),
  ]),
  fact(
    'REDIRECT of IPv6 needs an address of the destination’s scope where the packet came in',
    {
      six: { ...SEEN, nat: ['-A PREROUTING -p udp -j REDIRECT'] },
      // The kernel tells at once of the group that it leaves: before the rules count.
      settings: ['ip -6 addr del fd90:3::1/64 dev br0', 'sleep 0.1'],
    },
    [udp('eth0', C6, S6, 5, 6), udp('p0', 'fd90:3::2', S6, 5, 6)],
  ),
];

export const answerFacts: readonly Fact[] = [...senders, ...translated, ...where, ...connected];
