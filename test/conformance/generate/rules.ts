/** Random rulesets that the kernel loads: all tables, user chains, goto, NAT, marks. */
import { type Family, formatIp, parseIp } from '../../../src/net/ip.ts';
import { BUILTIN_CHAINS, TABLES, type TableName } from '../../../src/xtables/rule.ts';
import type { Random } from '../random.ts';
import type { Vocabulary } from './site.ts';

/** `user`: a chain that any hook may reach, so no interface and no hook-bound target in it. */
type Place = string | 'user';

interface Matches {
  readonly text: string;
  readonly protocol?: string;
}

export function randomRules(random: Random, family: Family, words: Vocabulary): string {
  let text = '';
  for (const table of TABLES) {
    const initial = table.slice(0, 1).toUpperCase();
    const chains = ['1', '2', '3'].slice(0, random.below(4)).map((n) => `${initial}U${n}`);
    text += `*${table}\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      text += `:${chain} ${table === 'filter' && random.chance(0.1) ? 'DROP' : 'ACCEPT'} [0:0]\n`;
    }
    for (const chain of chains) text += `:${chain} - [0:0]\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      for (let i = random.below(5); i > 0; i--) {
        text += rule(random, family, words, table, chain, chain, chains);
      }
    }
    for (const [index, chain] of chains.entries()) {
      for (let i = random.below(4); i > 0; i--) {
        text += rule(random, family, words, table, chain, 'user', chains.slice(index + 1));
      }
    }
    text += 'COMMIT\n';
  }
  return text;
}

function rule(
  random: Random,
  family: Family,
  words: Vocabulary,
  table: TableName,
  chain: string,
  place: Place,
  chains: readonly string[],
): string {
  const { text, protocol } = matches(random, family, words, place);
  return `-A ${chain}${text}${target(random, family, words, table, place, chains, protocol)}\n`;
}

function matches(random: Random, family: Family, words: Vocabulary, place: Place): Matches {
  const not = (probability: number) => (random.chance(probability) ? ' !' : '');
  const arrives = place === 'PREROUTING' || place === 'INPUT' || place === 'FORWARD';
  const leaves = place === 'OUTPUT' || place === 'POSTROUTING' || place === 'FORWARD';
  let text = '';
  let protocol: string | undefined;
  if (random.chance(0.3)) text += `${not(0.2)} -s ${random.pick(words.networks[family])}`;
  if (random.chance(0.3)) text += `${not(0.2)} -d ${random.pick(words.networks[family])}`;
  if (arrives && random.chance(0.25))
    text += `${not(0.3)} -i ${random.pick([...words.interfaces, ...words.ports, 'lo', 'e+'])}`;
  if (leaves && random.chance(0.25))
    text += `${not(0.3)} -o ${random.pick([...words.interfaces, 'lo', 'e+'])}`;
  if (random.chance(0.5)) {
    protocol = random.pick(['udp', 'tcp', family === 4 ? 'icmp' : 'ipv6-icmp']);
    text += ` -p ${protocol}${protocolMatch(random, family, protocol, not)}`;
  }
  const extras: [number, () => string][] = [
    [
      0.2,
      () =>
        `conntrack${not(0.2)} --ctstate ${random.pick(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'RELATED,ESTABLISHED', 'DNAT', 'SNAT', 'NEW,INVALID', 'UNTRACKED'])}`,
    ],
    [0.1, () => `mark${not(0.3)} --mark ${random.pick(['0x1', '0x2', '0x1/0x1', '0x0'])}`],
    [
      0.1,
      () =>
        `addrtype ${random.pick(['--dst-type LOCAL', '! --dst-type LOCAL', '--src-type LOCAL', family === 4 ? '--dst-type BROADCAST' : '--dst-type MULTICAST'])}`,
    ],
    [0.06, () => `length --length ${random.pick(['0:40', '41:60', '30'])}`],
    [
      0.06,
      () =>
        family === 4
          ? `ttl ${random.pick(['--ttl-eq 64', '--ttl-eq 63', '--ttl-lt 64', '--ttl-gt 63'])}`
          : `hl --hl-eq ${random.pick([63, 64])}`,
    ],
    [0.05, () => `connmark --mark ${random.pick(['0x1', '0x0', '0x1/0x1'])}`],
    [0.05, () => `statistic --mode nth --every ${random.pick([2, 3])} --packet ${random.pick([0, 1])}`],
    [
      0.05,
      () =>
        `conntrack ${random.pick([`--ctorigdst ${random.pick(words.addresses[family])}`, '--ctdir REPLY', '--ctdir ORIGINAL', '--ctstatus SEEN_REPLY', '--ctstatus ASSURED', '--ctstatus CONFIRMED', `! --ctreplsrc ${random.pick(words.addresses[family])}`])}`,
    ],
    [0.03, () => `pkttype --pkt-type ${random.pick(['unicast', 'broadcast', 'multicast'])}`],
    [
      0.03,
      () =>
        family === 4
          ? `tos --tos ${random.pick(['0x10/0xff', '0x00/0x10'])}`
          : `dscp --dscp ${random.pick(['0x04', '0x00'])}`,
    ],
  ];
  for (const [probability, make] of extras) if (random.chance(probability)) text += ` -m ${make()}`;
  if (place !== 'user' && place !== 'OUTPUT' && random.chance(0.06)) {
    const bridged = place === 'FORWARD' || place === 'POSTROUTING';
    const port = words.ports.length > 0 ? [`--physdev-in ${random.pick(words.ports)}`] : [];
    text += ` -m physdev ${random.pick([...port, '--physdev-is-in', ...(bridged ? ['--physdev-is-bridged'] : [])])}`;
  }
  return { text, ...(protocol === undefined ? {} : { protocol }) };
}

function protocolMatch(
  random: Random,
  family: Family,
  protocol: string,
  not: (probability: number) => string,
): string {
  if (protocol === 'udp' || protocol === 'tcp') {
    if (random.chance(0.4))
      return ` -m ${protocol}${not(0.2)} --dport ${random.pick(['1', '2', '53', '80', '1:10', '50:100', '1024:65535'])}`;
    if (random.chance(0.3))
      return ` -m multiport --${random.pick(['dports', 'sports', 'ports'])} ${random.pick(['1,2,3', '53,80', '1:5,80'])}`;
    return protocol === 'tcp' && random.chance(0.3) ? ' -m tcp --syn' : '';
  }
  if (!random.chance(0.3)) return '';
  return family === 4
    ? ` -m icmp --icmp-type ${random.pick(['8', '0', '3', '3/3', '11'])}`
    : ` -m icmp6 --icmpv6-type ${random.pick(['128', '129', '1', '1/4'])}`;
}

function target(
  random: Random,
  family: Family,
  words: Vocabulary,
  table: TableName,
  place: Place,
  chains: readonly string[],
  protocol: string | undefined,
): string {
  const plain = () => random.pick([' -j ACCEPT', ' -j RETURN', '']);
  if (chains.length > 0 && random.chance(0.18)) {
    const chain = random.pick(chains);
    return table !== 'nat' && random.chance(0.3) ? ` -g ${chain}` : ` -j ${chain}`;
  }
  switch (table) {
    case 'nat':
      return place === 'user' || random.chance(0.2)
        ? plain()
        : natTarget(random, family, words, place, protocol);
    case 'raw':
      return random.pick([
        ' -j CT --notrack',
        ' -j CT --notrack',
        ' -j DROP',
        plain(),
        plain(),
        plain(),
        plain(),
      ]);
    case 'mangle':
      return random.pick([
        ` -j MARK --set-xmark ${random.pick(['0x1/0xffffffff', '0x2/0xffffffff', '0x1/0x3'])}`,
        ` -j MARK --set-xmark ${random.pick(['0x1/0xffffffff', '0x2/0xffffffff', '0x0/0x1'])}`,
        random.pick([' -j CONNMARK --save-mark', ' -j CONNMARK --restore-mark']),
        ' -j TOS --set-tos 0x10/0xff',
        family === 4 ? ' -j TTL --ttl-dec 1' : ' -j HL --hl-dec 1',
        random.chance(0.3) ? ' -j DROP' : plain(),
        plain(),
        plain(),
      ]);
    case 'filter':
      if (place !== 'user' && random.chance(0.15)) {
        return protocol === 'tcp' && random.chance(0.5) ? ' -j REJECT --reject-with tcp-reset' : ' -j REJECT';
      }
      return random.pick([' -j DROP', ' -j ACCEPT', ' -j ACCEPT', plain(), plain()]);
    case 'security':
      return random.pick([' -j DROP', ' -j ACCEPT', plain(), plain()]);
  }
}

function natTarget(
  random: Random,
  family: Family,
  words: Vocabulary,
  place: Place,
  protocol: string | undefined,
): string {
  const hasPorts = protocol === 'udp' || protocol === 'tcp';
  const address = random.pick(words.addresses[family]);
  const withPort = (ports: string) => `${family === 6 ? `[${address}]` : address}:${ports}`;
  if (place === 'PREROUTING' || place === 'OUTPUT') {
    if (random.chance(0.25))
      return hasPorts ? ` -j REDIRECT --to-ports ${random.pick(['53', '80', '7-9'])}` : ' -j REDIRECT';
    if (hasPorts && random.chance(0.6))
      return ` -j DNAT --to-destination ${withPort(random.pick(['53', '80', '1-3', '5000']))}`;
    if (random.chance(0.1)) return ` -j DNAT --to-destination ${range(random, words, family)}`;
    return ` -j DNAT --to-destination ${address}`;
  }
  if (place === 'POSTROUTING' && random.chance(0.5)) {
    return ` -j MASQUERADE${hasPorts && random.chance(0.2) ? ' --to-ports 4000-5000' : ''}`;
  }
  if (hasPorts && random.chance(0.3)) return ` -j SNAT --to-source ${withPort('3000-3010')}`;
  if (random.chance(0.1)) return ` -j SNAT --to-source ${range(random, words, family)}`;
  return ` -j SNAT --to-source ${address}`;
}

/** A few addresses on from one of somebody's. */
function range(random: Random, words: Vocabulary, family: Family): string {
  const first = random.pick(words.addresses[family]);
  const ip = parseIp(first) ?? 0;
  const last = typeof ip === 'bigint' ? ip + 5n : ip + 5;
  return `${first}-${formatIp(last)}`;
}
