/** Address translation of all kinds, with the answers of whoever is behind it, and errors about what was translated. */
import type { Family } from '../../../src/net/ip.ts';
import type { Case, Frame, Stimulus } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { errorsAbout } from '../generate/errors.ts';
import { randomPacket } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import { addressesOf, type Site, type Vocabulary, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';

export function natCase(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random);
  const [gateway] = site.namespaces;
  if (!gateway) throw new Error('a site without namespaces');
  const words = vocabularyOf(site, gateway);
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { [gateway.name]: { ip4: table(random, site, 4, words), ip6: table(random, site, 6, words) } },
    stimuli: Array.from({ length: 40 }, () =>
      randomPacket(random, site, { six: 0.2, local: 0.15, group: 0.03, damaged: 0.02 }),
    ),
    answer: limited(70, (frames: readonly Frame[]): Stimulus[] => [
      ...answersOf(frames, () => random.chance(0.75)),
      ...errorsAbout(frames, random, () => random.chance(0.1)),
    ]),
  };
}

function table(random: Random, site: Site, family: Family, words: Vocabulary): string {
  const lines = [
    '*nat',
    ...['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]`),
    ':PORTS - [0:0]',
  ];
  if (random.chance(0.5)) lines.push('-A PREROUTING -m addrtype --dst-type LOCAL -j PORTS');
  if (random.chance(0.3)) lines.push('-A OUTPUT -m addrtype --dst-type LOCAL -j PORTS');
  for (const [chain, often] of [
    ['PORTS', 4],
    ['PREROUTING', 4],
    ['OUTPUT', 3],
    ['POSTROUTING', 4],
    ['INPUT', 2],
  ] as const) {
    for (let i = random.below(often + 1); i > 0; i--) {
      const manip = chain === 'POSTROUTING' || chain === 'INPUT' ? 'src' : 'dst';
      lines.push(`-A ${chain} ${rule(random, site, family, words, chain, manip)}`);
    }
  }
  lines.push('COMMIT');
  return `${lines.join('\n')}\n`;
}

function rule(
  random: Random,
  site: Site,
  family: Family,
  words: Vocabulary,
  chain: string,
  manip: 'src' | 'dst',
): string {
  const parts: string[] = [];
  const [near, far] = manip === 'dst' ? ['-d', '-s'] : ['-s', '-d'];
  if (random.chance(0.4)) parts.push(`${near} ${random.pick(words.networks[family])}`);
  if (random.chance(0.15)) parts.push(`! ${far} ${random.pick(words.networks[family])}`);
  if (chain === 'PREROUTING' && random.chance(0.3)) parts.push(`-i ${random.pick(words.interfaces)}`);
  if (chain === 'POSTROUTING' && random.chance(0.5)) {
    parts.push(`${random.chance(0.3) ? '! ' : ''}-o ${random.pick(words.interfaces)}`);
  }
  const protocol = random.chance(0.6) ? random.pick(['tcp', 'udp'] as const) : undefined;
  if (protocol) {
    parts.push(`-p ${protocol}`);
    if (random.chance(0.6))
      parts.push(`-m ${protocol} --dport ${random.pick(['80', '53', '443', '1:1000'])}`);
  }
  return [
    ...parts,
    manip === 'dst'
      ? destination(random, site, family, protocol)
      : source(random, site, family, chain, protocol),
  ].join(' ');
}

function bracketed(family: Family, address: string, ports: string): string {
  return `${family === 6 ? `[${address}]` : address}:${ports}`;
}

function destination(random: Random, site: Site, family: Family, protocol: string | undefined): string {
  const to = random.pick(addressesOf(site, family));
  const kind = random.below(10);
  if (kind < 1) return '-j ACCEPT';
  if (kind < 3)
    return `-j REDIRECT${protocol ? ` --to-ports ${random.pick(['53', '80', '8000-8003'])}` : ''}`;
  if (kind < 4 && random.chance(0.7)) return `-j NETMAP --to ${random.pick(site.networks[family])}`;
  if (protocol && kind < 8) {
    return `-j DNAT --to-destination ${bracketed(family, to, random.pick(['80', '5000', '9000-9002']))}`;
  }
  return `-j DNAT --to-destination ${to}${random.chance(0.2) ? ' --persistent' : ''}`;
}

function source(
  random: Random,
  site: Site,
  family: Family,
  chain: string,
  protocol: string | undefined,
): string {
  const kind = random.below(10);
  if (kind < 1) return '-j ACCEPT';
  if (chain === 'POSTROUTING' && kind < 6) {
    return `-j MASQUERADE${protocol && random.chance(0.2) ? ' --to-ports 40000-40010' : ''}`;
  }
  if (kind < 7) return `-j NETMAP --to ${random.pick(site.networks[family])}`;
  const to = random.pick(addressesOf(site, family));
  if (protocol && random.chance(0.4)) {
    return `-j SNAT --to-source ${bracketed(family, to, random.pick(['1024-2048', '30000-30003', '80']))}`;
  }
  return `-j SNAT --to-source ${to}`;
}
