/** A set that worlds share, and one that was made for itself: whatever is done to them, they answer alike and hold the same. */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ipset/element.ts';
import { readEntry } from '../../src/ipset/entry.ts';
import type { Members, Query, Store } from '../../src/ipset/query.ts';
import type { IpSet, SetHeader } from '../../src/ipset/record.ts';
import { MOST_EXPANDED, openSet, runSet } from '../../src/ipset/running-set.ts';
import { SET_TYPES, typeOf } from '../../src/ipset/types.ts';
import { parseMac } from '../../src/net/mac.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { Random } from '../conformance/random.ts';
import { contentOf, read } from '../dump/same.ts';

const MEMBERS: Members = { test: (name) => (name === 'a' ? 'in' : 'out'), change: () => 'done' };
const START = 1000;

function word(random: Random, dimension: string): string {
  const address = () => `10.0.0.${random.below(12)}`;
  switch (dimension) {
    case 'ip':
      return address();
    case 'net':
      return `${address()}/${random.pick([24, 28, 30, 31, 32])}`;
    case 'port':
      return random.pick(['tcp:80', 'tcp:81', 'udp:80']);
    case 'bare-port':
      return String(80 + random.below(4));
    case 'mac':
      return `02:00:00:00:00:0${random.below(3)}`;
    case 'mark':
      return `0x${random.below(3)}`;
    case 'iface':
      return random.pick(['eth0', 'eth1', 'physdev:eth0']);
    default:
      return random.pick(['a', 'b', 'c', 'd']);
  }
}

function entryOf(random: Random, header: SetHeader) {
  const type = typeOf(header);
  const words = type.dimensions.map((dimension) =>
    word(random, type.name === 'bitmap:port' ? 'bare-port' : dimension.name),
  );
  if (type.optional && random.chance(0.4)) words.pop();
  const options = [
    ...(header.timeout === undefined || random.chance(0.3) ? [] : ['timeout', String(random.below(40))]),
    ...(header.counters && random.chance(0.5) ? ['packets', '3', 'bytes', '300'] : []),
    ...(type.nomatch && random.chance(0.2) ? ['nomatch'] : []),
  ];
  const entry = readEntry([words.join(','), ...options], header, { path: 'x', line: 1 });
  return 'refused' in entry ? undefined : entry;
}

function setOf(random: Random, type: string, options: string): IpSet {
  const range =
    {
      'bitmap:ip': ' range 10.0.0.0-10.0.0.15',
      'bitmap:ip,mac': ' range 10.0.0.0-10.0.0.15',
      'bitmap:port': ' range 80-90',
    }[type] ?? '';
  const [set] = contentOf(
    read('ipset-save.txt', `create s ${type}${range}${options}\n`, 'ipset save'),
    'ipsets',
  ).sets;
  if (!set) throw new Error(`create s ${type}${range}${options}`);
  const entries = Array.from({ length: random.below(14) }, () => entryOf(random, set.header));
  return { ...set, entries: entries.filter((entry) => entry !== undefined) };
}

function query(random: Random, set: IpSet, time: number): Query {
  const skb = {
    ...buildSkb({
      source: 0x0a000000 + random.below(12),
      destination: 0x0a000000 + random.below(12),
      protocol: random.chance(0.7) ? 6 : 17,
      sourcePort: 80 + random.below(3),
      destinationPort: 80 + random.below(3),
      etherSource: parseMac(`02:00:00:00:00:0${random.below(3)}`),
      time,
    }),
    ...{ in: random.pick(['eth0', 'eth1']), out: 'eth1', mark: random.below(3) },
  };
  return {
    skb,
    directions: typeOf(set.header).dimensions.map(() => random.pick<'src' | 'dst'>(['src', 'dst'])),
    ...{ returnNomatch: false, skipCounters: random.chance(0.2), skipSubcounters: false },
    ...(random.chance(0.3) && { counters: (packets: bigint) => packets > 2n }),
    exist: random.chance(0.5),
    ...(set.header.timeout !== undefined && random.chance(0.3) && { timeout: 5 }),
    found: undefined,
  };
}

/** What is done at once, and undone again where it is only tried out. */
function script(seed: number, set: IpSet): (store: Store, clock: Clock) => unknown[] {
  return (store, clock) => {
    const random = new Random(seed);
    const said: unknown[] = [];
    const step = () => {
      clock.now += random.below(4) - (random.chance(0.1) ? 3 : 0);
      const asked = query(random, set, clock.now);
      const entry = entryOf(random, set.header);
      const what = random.pick([
        'test',
        'test',
        'add',
        'del',
        'testEntry',
        'addEntry',
        'delEntry',
        'flush',
      ] as const);
      if (what === 'flush') random.chance(0.05) && !clock.journal && store.flush();
      else if (what === 'testEntry' || what === 'delEntry') said.push(entry && store[what](entry));
      else if (what === 'addEntry') said.push(entry && store.addEntry(entry, random.chance(0.5)));
      else said.push(store[what](asked), asked.found);
    };
    for (let i = 0; i < 60; i++) {
      if (random.chance(0.2)) {
        const journal: (() => void)[] = [];
        clock.journal = journal;
        for (let j = random.below(5); j > 0; j--) step();
        clock.journal = undefined;
        for (const undo of journal.toReversed()) undo();
      } else step();
      said.push(
        store.size,
        [...store.elements()].map((element) => ({ ...element })),
      );
    }
    return said;
  };
}

describe('a set of a dump in several worlds', () => {
  const types = SET_TYPES.map(({ name }) => name);
  it.each(
    types.flatMap((type) =>
      [
        '',
        ' timeout 20',
        ' counters',
        ' timeout 0 counters skbinfo',
        ...(type.startsWith('hash') ? [' maxelem 6', ' timeout 9 maxelem 6 forceadd'] : []),
      ].map((options) => [type, options] as const),
    ),
  )('%s%s', (type, options) => {
    for (let seed = 1; seed <= 12; seed++) {
      const set = setOf(new Random(seed), type, options);
      const run = script(seed, set);
      const world = (made: typeof openSet) => {
        const clock: Clock = { now: START + seed, journal: undefined };
        return run(made(set, clock, MEMBERS, { left: MOST_EXPANDED }).store, clock);
      };
      const alone = world(runSet);
      // The second world finds what the first one left.
      expect(world(openSet)).toEqual(alone);
      expect(world(openSet)).toEqual(alone);
    }
  });

  it('a world whose ranges took all room makes its own', () => {
    const text = 'create s hash:ip maxelem 4000000\nadd s 10.0.0.0-10.0.255.255\n';
    const [set] = contentOf(read('ipset-save.txt', text, 'ipset save'), 'ipsets').sets;
    if (!set) throw new Error('no set');
    const sizes = [MOST_EXPANDED, 65535, 65534, 9].map((left) => {
      const room = { left };
      const opened = openSet(set, { now: 0, journal: undefined }, MEMBERS, room);
      return [opened.store.size, opened.partial !== undefined, room.left];
    });
    expect(sizes).toEqual([
      [65536, false, MOST_EXPANDED - 65535],
      [65536, false, 0],
      [65535, true, -1],
      [10, true, -1],
    ]);
  });
});
