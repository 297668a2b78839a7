/** Sets of every type, asked and changed by rules of every hook, on the router with a bridge. */

import type { Family } from '../../../src/net/ip.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import { BUILTIN_CHAINS, type TableName } from '../../../src/xtables/rule.ts';
import type { Case, Stimulus } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { address, randomPacket } from '../generate/packets.ts';
import { type MadeSet, PORTS, randomSets } from '../generate/sets.ts';
import { ROUTER } from '../networks/router.ts';
import { ROUTER_SITE } from '../networks/router-site.ts';
import type { Random } from '../random.ts';

const PACKETS = 40;
const ANSWERS = 20;
const OURS: readonly TableName[] = ['raw', 'mangle', 'filter'];

export function ipsetCase(random: Random): Omit<Case, 'name'> {
  const { text, sets } = randomSets(random);
  return {
    network: ROUTER,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: { ip4: rulesOf(random, sets, 4), ip6: rulesOf(random, sets, 6), ipset: text } },
    stimuli: Array.from({ length: PACKETS }, () =>
      random.chance(0.25) ? otherProtocol(random) : randomPacket(random, ROUTER_SITE),
    ),
    answer: limited(ANSWERS, (frames) => answersOf(frames, () => random.chance(0.5))),
  };
}

function rulesOf(random: Random, all: readonly MadeSet[], family: Family): string {
  // iptables refuses sets of the other family.
  const sets = all.filter((set) => set.family === undefined || set.family === family);
  if (sets.length === 0) return '';
  let text = '';
  for (const table of OURS) {
    text += `*${table}\n`;
    for (const chain of BUILTIN_CHAINS[table]) text += `:${chain} ACCEPT [0:0]\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      for (let i = random.below(5); i > 0; i--) text += `-A ${chain}${rule(random, table, chain, sets)}\n`;
    }
    text += 'COMMIT\n';
  }
  return text;
}

function rule(random: Random, table: TableName, chain: string, sets: readonly MadeSet[]): string {
  const match = random.chance(0.85) ? setMatch(random, sets) : '';
  const another = random.chance(0.15) ? setMatch(random, sets) : '';
  return match + another + target(random, table, chain, sets);
}

function setMatch(random: Random, sets: readonly MadeSet[]): string {
  const set = random.pick(sets);
  const no = random.chance(0.2) ? ' !' : '';
  let text = ` -m set${no} --match-set ${reference(random, set)}`;
  if (random.chance(0.15)) text += ' --return-nomatch';
  if (random.chance(0.15)) text += ' ! --update-counters';
  if (random.chance(0.15)) text += ' ! --update-subcounters';
  if (random.chance(0.25))
    text += random.pick([' --packets-eq 3', ' ! --packets-eq 1', ' --packets-lt 4', ' --packets-gt 2']);
  if (random.chance(0.12)) text += random.pick([' --bytes-lt 200', ' --bytes-gt 100', ' ! --bytes-eq 28']);
  return text;
}

/** Mostly a direction for each dimension. */
function reference(random: Random, { name, type, dimensions }: MadeSet): string {
  const asked = type === 'list:set' ? 1 + random.below(3) : dimensions;
  const count = random.chance(0.08) ? 1 + random.below(4) : asked;
  return `${name} ${Array.from({ length: count }, () => random.pick(['src', 'dst'])).join(',')}`;
}

function target(random: Random, table: TableName, chain: string, sets: readonly MadeSet[]): string {
  const chance = random.below(100);
  if (chance < 22) {
    const exist = random.chance(0.4) ? ' --exist' : '';
    const timeout = random.chance(0.25) ? ` --timeout ${random.pick([0, 400])}` : '';
    return ` -j SET --add-set ${reference(random, random.pick(sets))}${exist}${timeout}`;
  }
  if (chance < 34) return ` -j SET --del-set ${reference(random, random.pick(sets))}`;
  if (chance < 50 && table === 'mangle') {
    const late =
      ['FORWARD', 'OUTPUT', 'POSTROUTING'].includes(chain) && random.chance(0.3) ? ' --map-prio' : '';
    return ` -j SET --map-set ${reference(random, random.pick(sets))} --map-mark${late}`;
  }
  if (chance < 56) return ' -j DROP';
  if (chance < 62) return ' -j RETURN';
  return '';
}

/** Protocols that sets look into, or don't; whole and as fragments. */
function otherProtocol(random: Random): Stimulus {
  const family = random.chance(0.3) ? 6 : 4;
  const { hosts, strangers } = ROUTER_SITE;
  const host = random.pick(hosts);
  const on = host.end;
  const protocol = random.pick([132, 132, 136, 136, 47, 50, 99, 6, 17]);
  const skb = buildSkb({
    source: address(host.address[family]),
    // Not the router's own: whether it has SCTP or UDP-Lite at all is not what this is about.
    destination: address(random.pick([...hosts.map((each) => each.address[family]), ...strangers[family]])),
    protocol,
    ...(protocol === 47 || protocol === 50 || protocol === 99
      ? {}
      : { sourcePort: random.pick(PORTS), destinationPort: random.pick(PORTS) }),
    payload: 16,
  });
  if (family === 6 || !random.chance(0.3)) return { on, skb };
  const bytes = skb.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setUint16(4, 1 + random.below(60000));
  // A later fragment, or a first one that nothing follows.
  view.setUint16(6, random.pick([0x0003, 0x2000]));
  const fragment = { ...skb, bytes };
  refreshLayout(fragment);
  sealChecksums(fragment);
  return { on, skb: fragment };
}
