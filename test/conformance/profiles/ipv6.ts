/** IPv6 alone: extension headers, fragments, errors, groups, link-local senders. */
import { buildSkb } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import type { Case, Frame, Stimulus } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { errorsAbout } from '../generate/errors.ts';
import { randomPacket, randomSpec } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import { randomRules } from '../generate/rules.ts';
import { addressesOf, type Site, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';
import { firewall } from './filter.ts';

export function ipv6Case(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random);
  const rules = Object.fromEntries(
    site.namespaces.map((namespace) => {
      const words = vocabularyOf(site, namespace);
      const ip6 = random.chance(0.6) ? randomRules(random, 6, words) : firewall(random, 6, words);
      return [namespace.name, { ip6 }] as const;
    }),
  );
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules,
    stimuli: Array.from({ length: 45 }, () => packet(random, site)),
    answer: limited(50, (frames: readonly Frame[]): Stimulus[] => [
      ...answersOf(frames, () => random.chance(0.6)),
      ...errorsAbout(frames, random, () => random.chance(0.15)),
    ]),
  };
}

function packet(random: Random, site: Site): Stimulus {
  if (random.chance(0.6))
    return randomPacket(random, site, { six: 1, local: 0.15, group: 0.1, damaged: 0.05 });
  const host = random.pick(site.hosts);
  const source = random.chance(0.1) ? 'fe80::5' : host.address[6];
  const destination = random.pick(addressesOf(site, 6));
  const made = buildSkb(randomSpec(random, 6, source, destination));
  return { on: host.end, skb: extended(random, made) };
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION = 60;

/** With one to three extension headers between the IPv6 header and the upper layer. */
export function extended(random: Random, skb: Skb): Skb {
  const kinds: number[] = [];
  if (random.chance(0.3)) kinds.push(HOP_BY_HOP);
  if (random.chance(0.4)) kinds.push(DESTINATION);
  if (random.chance(0.2)) kinds.push(ROUTING);
  if (kinds.length === 0) kinds.push(DESTINATION);
  const headers = kinds.map((kind) => headerOf(random, kind));
  const added = headers.reduce((sum, header) => sum + header.length, 0);
  const bytes = new Uint8Array(skb.bytes.length + added);
  bytes.set(skb.bytes.subarray(0, 40));
  const view = new DataView(bytes.buffer);
  view.setUint16(4, view.getUint16(4) + added);
  const upper = skb.bytes[6] ?? 59;
  bytes[6] = kinds[0] ?? upper;
  let at = 40;
  for (const [index, header] of headers.entries()) {
    bytes.set(header, at);
    bytes[at] = kinds[index + 1] ?? upper;
    at += header.length;
  }
  bytes.set(skb.bytes.subarray(40), at);
  const made: Skb = { ...skb, bytes };
  refreshLayout(made);
  return made;
}

/** Eight or sixteen bytes; a routing header has no segment left, so that it changes nothing. */
function headerOf(random: Random, kind: number): Uint8Array {
  const units = random.below(2);
  const header = new Uint8Array(8 * (units + 1));
  header[1] = units;
  if (kind === ROUTING) {
    header[2] = random.pick([0, 2, 4]);
    if (units === 0) header[1] = 0;
    return header;
  }
  // PadN
  header[2] = 1;
  header[3] = header.length - 4;
  return header;
}
