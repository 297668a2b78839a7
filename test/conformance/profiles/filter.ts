/** Firewalls: chains in chains with goto and RETURN, state, policies, REJECT of every kind, in front of a gateway and its leaves. */
import type { Family } from '../../../src/net/ip.ts';
import type { Case } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { randomPacket } from '../generate/packets.ts';
import { randomSite, shuffled } from '../generate/random-site.ts';
import { type Vocabulary, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';

const REJECTS: Readonly<Record<Family, readonly string[]>> = {
  4: [
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-port-unreachable',
    'icmp-proto-unreachable',
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'icmp-admin-prohibited',
  ],
  6: ['icmp6-no-route', 'icmp6-adm-prohibited', 'icmp6-addr-unreachable', 'icmp6-port-unreachable'],
};
const CHAINS = ['ALLOW', 'services', 'LOG_DROP', 'lan-in', 'ufw-user', 'DOCKER-USER', 'f2b-sshd', 'x'];

export function filterCase(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random);
  const rules = Object.fromEntries(
    site.namespaces
      .filter((_, index) => index === 0 || random.chance(0.5))
      .map((namespace) => {
        const words = vocabularyOf(site, namespace);
        return [
          namespace.name,
          { ip4: firewall(random, 4, words), ip6: firewall(random, 6, words) },
        ] as const;
      }),
  );
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules,
    stimuli: Array.from({ length: 50 }, () => randomPacket(random, site)),
    answer: limited(50, (frames) => answersOf(frames, () => random.chance(0.8))),
  };
}

/** A filter table as people write them, and sometimes a raw or security table beside it. */
export function firewall(random: Random, family: Family, words: Vocabulary): string {
  const chains = shuffled(random, CHAINS).slice(0, random.below(6));
  const lines = ['*filter'];
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) {
    lines.push(`:${chain} ${random.chance(0.25) ? 'DROP' : 'ACCEPT'} [0:0]`);
  }
  for (const chain of chains) lines.push(`:${chain} - [0:0]`);
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) {
    if (random.chance(0.6)) lines.push(`-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
    if (random.chance(0.3)) lines.push(`-A ${chain} -m conntrack --ctstate INVALID -j DROP`);
    for (let i = random.below(6); i > 0; i--) lines.push(rule(random, family, words, chain, chains));
  }
  // Only towards chains behind it: the kernel refuses loops.
  for (const [index, chain] of chains.entries()) {
    for (let i = random.below(5); i > 0; i--) {
      lines.push(rule(random, family, words, chain, chains.slice(index + 1)));
    }
  }
  lines.push('COMMIT');
  if (random.chance(0.2)) {
    lines.push(
      '*security',
      ':INPUT ACCEPT',
      ':FORWARD ACCEPT',
      ':OUTPUT ACCEPT',
      '-A FORWARD -p udp',
      'COMMIT',
    );
  }
  return `${lines.join('\n')}\n`;
}

function rule(
  random: Random,
  family: Family,
  words: Vocabulary,
  chain: string,
  chains: readonly string[],
): string {
  const not = () => (random.chance(0.15) ? '! ' : '');
  const parts: string[] = [];
  if (random.chance(0.3)) parts.push(`${not()}-s ${random.pick(words.networks[family])}`);
  if (random.chance(0.3)) parts.push(`${not()}-d ${random.pick(words.networks[family])}`);
  const isUser = !['INPUT', 'FORWARD', 'OUTPUT'].includes(chain);
  if (chain !== 'OUTPUT' && random.chance(0.25)) {
    parts.push(`${not()}-i ${random.pick([...words.interfaces, 'lo', 'e+', 'v+'])}`);
  }
  if ((chain === 'OUTPUT' || chain === 'FORWARD') && random.chance(0.2)) {
    parts.push(`${not()}-o ${random.pick([...words.interfaces, 'lo'])}`);
  }
  const protocol = random.chance(0.6)
    ? random.pick(['tcp', 'udp', family === 4 ? 'icmp' : 'ipv6-icmp'])
    : undefined;
  if (protocol !== undefined) {
    parts.push(`-p ${protocol}`);
    if ((protocol === 'tcp' || protocol === 'udp') && random.chance(0.6)) {
      parts.push(
        random.pick([
          `-m ${protocol} ${not()}--dport ${random.pick(['53', '80', '1:100', '1024:65535'])}`,
          `-m multiport ${not()}--dports ${random.pick(['53,80,443', '1:10,80', '4000,5000'])}`,
          `-m ${protocol} --sport 1000`,
        ]),
      );
    }
    if (protocol === 'tcp' && random.chance(0.2)) parts.push('-m tcp --tcp-flags FIN,SYN,RST,ACK SYN');
  }
  if (random.chance(0.15)) {
    parts.push(
      `-m conntrack --ctstate ${random.pick(['NEW', 'NEW,ESTABLISHED', 'RELATED', 'INVALID,UNTRACKED'])}`,
    );
  }
  if (random.chance(0.1))
    parts.push(
      `-m addrtype --dst-type ${random.pick(['LOCAL', 'MULTICAST', 'UNICAST', ...(family === 4 ? ['BROADCAST'] : [])])}`,
    );
  if (random.chance(0.08)) parts.push('-m comment --comment "why this is here"');
  return `-A ${chain} ${[...parts, target(random, family, isUser, protocol, chains)].filter((part) => part !== '').join(' ')}`;
}

function target(
  random: Random,
  family: Family,
  isUser: boolean,
  protocol: string | undefined,
  chains: readonly string[],
): string {
  if (chains.length > 0 && random.chance(0.45)) {
    return `${random.chance(0.25) ? '-g' : '-j'} ${random.pick(chains)}`;
  }
  if (random.chance(0.15)) {
    if (protocol === 'tcp' && random.chance(0.5)) return '-j REJECT --reject-with tcp-reset';
    return random.chance(0.4) ? '-j REJECT' : `-j REJECT --reject-with ${random.pick(REJECTS[family])}`;
  }
  return random.pick([
    '-j ACCEPT',
    '-j ACCEPT',
    '-j DROP',
    isUser ? '-j RETURN' : '',
    '-j RETURN',
    '-j LOG --log-prefix "seen: "',
    '',
  ]);
}
