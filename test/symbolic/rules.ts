/** Random small rulesets over a small universe, and packets of it. */
import fc from 'fast-check';
import type { Field } from '../../src/symbolic/layout.ts';
import { type Sample, sampleOf, usualBits } from '../../src/symbolic/sample.ts';
import type { Space } from '../../src/symbolic/space.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '192.168.1.9', '224.0.0.5', '203.0.113.7'];
const NETWORKS = [...ADDRESSES, '10.0.0.0/24', '10.0.0.0/15', '10.0.0.1/255.0.0.255'];
const PORTS = ['22', '80', '443', '1000:2000', ':1023', '2000:'];

const pick = (...words: string[]) => fc.constantFrom(...words);
const invert = pick('', '', '! ');
const maybe = (arbitrary: fc.Arbitrary<string>, weight = 1) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight, arbitrary });
const glue = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((words) => words.filter((word) => word !== '').join(' '));

const transport = fc.oneof(
  glue(
    pick('-p tcp -m tcp', '-p udp -m udp'),
    maybe(fc.tuple(invert, pick(...PORTS)).map(([not, port]) => `${not}--sport ${port}`)),
    maybe(
      fc.tuple(invert, pick(...PORTS)).map(([not, port]) => `${not}--dport ${port}`),
      3,
    ),
  ),
  fc
    .tuple(invert, pick('SYN,ACK,FIN SYN', 'ALL NONE', 'RST RST'))
    .map(([not, flags]) => `-p tcp -m tcp ${not}--tcp-flags ${flags}`),
  fc
    .tuple(
      pick('tcp', 'udp'),
      invert,
      pick('ports', 'dports', 'sports'),
      pick('22,80', '80,1000:2000', '443'),
    )
    .map(([protocol, not, which, list]) => `-p ${protocol} -m multiport ${not}--${which} ${list}`),
  fc
    .tuple(invert, pick('8', '3', '3/4', 'any'))
    .map(([not, type]) => `-p icmp -m icmp ${not}--icmp-type ${type}`),
  pick('-p tcp', '! -p tcp', '-p icmp', '-p sctp', '-p sctp -m sctp --dport 80', '-p esp'),
);

const more = fc.oneof(
  fc
    .tuple(invert, pick('NEW', 'ESTABLISHED,RELATED', 'INVALID', 'UNTRACKED', 'DNAT', 'NEW,SNAT'))
    .map(([not, states]) => `-m conntrack ${not}--ctstate ${states}`),
  pick(
    '-m conntrack --ctdir REPLY',
    '-m conntrack --ctstatus ASSURED',
    '-m conntrack ! --ctstatus SEEN_REPLY,CONFIRMED',
    '-m state --state NEW',
  ),
  pick(
    '-m conntrack --ctorigdst 10.0.0.1',
    '-m limit --limit 3/min',
    '-m statistic --mode random --probability 0.5',
    '-m string --algo bm --string x',
    '-m nosuch --foo',
  ),
  fc.tuple(invert, pick('0x1', '0x2/0x3', '0x4/0xc')).map(([not, mark]) => `-m mark ${not}--mark ${mark}`),
  fc.tuple(invert, pick('0x1', '0x2/0x3')).map(([not, mark]) => `-m connmark ${not}--mark ${mark}`),
  fc
    .tuple(invert, pick('10.0.0.1-10.0.0.9', '10.0.0.2-10.0.1.4'))
    .map(([not, range]) => `-m iprange ${not}--src-range ${range}`),
  pick(
    '-m ttl --ttl-lt 10',
    '-m ttl --ttl-gt 63',
    '-m ttl ! --ttl-eq 64',
    '-m length --length 60:100',
    '-m length ! --length 60',
  ),
  pick('-m tos --tos 0x10', '-m dscp --dscp 10', '-m dscp ! --dscp 0', '-m ecn --ecn-ip-ect 2'),
  pick('-m pkttype --pkt-type broadcast', '-m pkttype ! --pkt-type unicast'),
  pick(
    '-m addrtype --dst-type LOCAL',
    '-m addrtype ! --src-type LOCAL',
    '-m addrtype --dst-type MULTICAST,BROADCAST',
  ),
  pick(
    '-m set --match-set hosts src',
    '-m set ! --match-set nets dst',
    '-m set --match-set services dst,dst',
    '-m set --match-set absent src',
  ),
);

const condition = (hook: string) =>
  glue(
    maybe(fc.tuple(invert, pick(...NETWORKS)).map(([not, net]) => `${not}-s ${net}`)),
    maybe(fc.tuple(invert, pick(...NETWORKS)).map(([not, net]) => `${not}-d ${net}`)),
    hook === 'OUTPUT' || hook === 'POSTROUTING'
      ? fc.constant('')
      : maybe(
          fc.tuple(invert, pick('eth0', 'eth1', 'eth+', 'veth+')).map(([not, name]) => `${not}-i ${name}`),
        ),
    hook === 'PREROUTING' || hook === 'INPUT'
      ? fc.constant('')
      : maybe(fc.tuple(invert, pick('eth0', 'wan0', 'eth+')).map(([not, name]) => `${not}-o ${name}`)),
    maybe(transport, 2),
    maybe(more, 2),
    hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD'
      ? maybe(
          pick(
            '-m mac --mac-source 00:16:3e:01:02:03',
            '-m mac ! --mac-source 00:16:3e:01:02:03',
            '-m physdev --physdev-in veth1',
            '-m physdev ! --physdev-is-in',
          ),
        )
      : fc.constant(''),
  );

const BUILTIN: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

function target(table: string, chain: string, depth: number): fc.Arbitrary<string> {
  const common = ['-j ACCEPT', '-j DROP', '-j RETURN', '', '-j LOG'];
  const own: Readonly<Record<string, readonly string[]>> = {
    raw: ['-j NOTRACK', '-j CT --notrack', '-j CT --zone 3', '-j DROP'],
    mangle: [
      '-j MARK --set-xmark 0x1/0xffffffff',
      '-j MARK --set-xmark 0x2/0x3',
      '-j CONNMARK --save-mark --nfmask 0x3 --ctmask 0x3',
      '-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf',
      '-j CONNMARK --set-xmark 0x1/0x3',
      '-j TOS --set-tos 0x10/0xff',
      '-j DSCP --set-dscp 0x0a',
      '-j TTL --ttl-set 64',
      '-j TTL --ttl-dec 5',
      '-j TTL --ttl-inc 200',
    ],
    nat:
      chain === 'PREROUTING' || chain === 'OUTPUT'
        ? [
            '-j DNAT --to-destination 10.0.1.1',
            '-p tcp -j DNAT --to-destination 10.0.0.2:80',
            '-p tcp -j REDIRECT --to-ports 22',
            '-j DNAT --to-destination 10.0.0.1-10.0.0.2',
          ]
        : chain === 'POSTROUTING'
          ? [
              '-j MASQUERADE',
              '-j SNAT --to-source 203.0.113.7',
              '-p udp -j SNAT --to-source 203.0.113.7:1000-2000',
            ]
          : chain === 'INPUT'
            ? ['-j SNAT --to-source 203.0.113.7']
            : [],
    filter: ['-j REJECT --reject-with icmp-port-unreachable', '-p tcp -j REJECT --reject-with tcp-reset'],
  };
  const jumps = depth < 2 ? [`-j ${table}-${depth + 1}`, `-g ${table}-${depth + 1}`] : [];
  return fc.constantFrom(...common, ...(own[table] ?? []), ...(own[table] ?? []), ...jumps);
}

function chainRules(table: string, chain: string, depth: number, most: number): fc.Arbitrary<string[]> {
  const hook = depth === 0 ? chain : 'any';
  return fc.array(
    fc
      .tuple(condition(depth === 0 ? chain : 'PREROUTING'), target(table, hook, depth))
      .map(([conditions, act]) => {
        // A target that needs a protocol brings it along.
        const own = /^-p \w+ /.exec(act)?.[0] ?? '';
        const kept = own === '' ? conditions : conditions.replace(/(! )?-p .*$/, '').trim();
        return `-A ${chain} ${own}${kept} ${act.slice(own.length)}`.replace(/ +/g, ' ').trim();
      }),
    { maxLength: most },
  );
}

export const rulesetText: fc.Arbitrary<string> = fc
  .tuple(
    ...Object.entries(BUILTIN).map(([table, hooks]) =>
      fc.tuple(
        fc.constant(table),
        fc.tuple(
          ...hooks.map((hook) => fc.tuple(pick('ACCEPT', 'ACCEPT', 'DROP'), chainRules(table, hook, 0, 3))),
        ),
        chainRules(table, `${table}-1`, 1, 3),
        chainRules(table, `${table}-2`, 2, 3),
      ),
    ),
    pick('nft', 'legacy'),
  )
  .map((parts) => {
    const backend = parts.at(-1) as string;
    const lines = [
      backend === 'nft'
        ? '# Generated by iptables-save v1.8.9 (nf_tables)'
        : '# Generated by iptables-save v1.8.9',
    ];
    for (const part of parts.slice(0, -1)) {
      const [table, hooks, one, two] = part as [string, [string, string[]][], string[], string[]];
      lines.push(`*${table}`);
      const names = BUILTIN[table] as readonly string[];
      for (const [i, name] of names.entries()) {
        const policy = table === 'nat' || table === 'raw' ? 'ACCEPT' : hooks[i]?.[0];
        lines.push(`:${name} ${policy} [0:0]`);
      }
      lines.push(`:${table}-1 - [0:0]`, `:${table}-2 - [0:0]`);
      for (const [, rules] of hooks) lines.push(...rules);
      lines.push(...one, ...two, 'COMMIT');
    }
    return `${lines.join('\n')}\n`;
  });

export const SETS = `create hosts hash:ip family inet
add hosts 10.0.0.1
add hosts 203.0.113.7
create nets hash:net family inet
add nets 10.0.0.0/24
add nets 10.0.0.2 nomatch
create services hash:ip,port family inet
add services 10.0.0.1,tcp:80
add services 10.0.1.1,udp:1000-1010
`;

const address = fc.constantFrom(
  0x0a000001,
  0x0a000002,
  0x0a000101,
  0xc0a80109,
  0xe0000005,
  0xcb007107,
  0xffffffff,
);
const portValue = fc.constantFrom(22, 80, 443, 1000, 1500, 40000);

/** A packet of the space, near what rules ask for; what it leaves open is drawn by `seed`. */
export interface PacketChoice {
  readonly wanted: Readonly<Partial<Record<Field, number>>>;
  readonly seed: number;
}

export const packetChoice: fc.Arbitrary<PacketChoice> = fc.record({
  wanted: fc.record({
    source: address,
    destination: address,
    protocol: fc.constantFrom(6, 6, 6, 17, 17, 1, 132, 50),
    sourcePort: portValue,
    destinationPort: portValue,
    icmpType: fc.constantFrom(8, 3, 0),
    icmpCode: fc.constantFrom(0, 4),
    tcpFlags: fc.constantFrom(2, 18, 4, 0, 16),
    state: fc.constantFrom(0, 0, 0, 1, 2, 3),
    mark: fc.constantFrom(0, 0, 1, 2, 4),
    connmark: fc.constantFrom(0, 0, 1, 2),
    ttl: fc.constantFrom(1, 5, 64, 100, 255),
    tos: fc.constantFrom(0, 16, 2, 40),
    length: fc.constantFrom(60, 99, 1400),
    fragment: fc.constantFrom(0, 0, 0, 1),
    packetType: fc.constantFrom(0, 0, 1),
    mac: fc.constantFrom(0, 0x00163e010203),
  }),
  seed: fc.nat(),
});

/** Fields that are drawn whole: codes of an alphabet, and what has few values. */
const DRAWN: readonly Field[] = [
  'iif',
  'oif',
  'physin',
  'physout',
  'direction',
  'sourceNat',
  'destinationNat',
  'status',
  'sourceType',
  'destinationType',
  'hasMac',
];

export function samplePacket(space: Space, { wanted, seed }: PacketChoice): Sample {
  const drawn = new Set(DRAWN.flatMap((field) => space.layout[field]));
  const usual = usualBits(space, wanted);
  const last = Math.max(...Object.values(space.layout).flat());
  const bits = (level: number): boolean =>
    drawn.has(level) || level > last
      ? ((Math.imul(level + 1, 0x9e3779b1) ^ Math.imul(seed + 7, 0x85ebca6b)) >>> (level % 13)) % 2 !== 0
      : usual(level);
  const sample = sampleOf(space, space.domain, bits);
  if (!sample) throw new Error('the space is empty');
  return sample;
}
