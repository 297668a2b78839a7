import { describe, expect, it } from 'vitest';
import type { Query } from '../../src/ipset/query.ts';
import { createSets, type Sets } from '../../src/ipset/sets.ts';
import { parseIp } from '../../src/net/ip.ts';
import { parseMac } from '../../src/net/mac.ts';
import { buildSkb } from '../../src/skb/build.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { contentOf, read } from '../dump/same.ts';

function setsOf(text: string): Sets {
  return createSets('host', contentOf(read('ipset-save.txt', text, 'ipset save'), 'ipsets').sets);
}
function packet(
  source: string,
  destination: string,
  more: Partial<Skb> & { sport?: number; dport?: number } = {},
): Skb {
  const { sport, dport, ...fields } = more;
  const skb = buildSkb({
    source: parseIp(source) ?? 0,
    destination: parseIp(destination) ?? 0,
    protocol: 6,
    sourcePort: sport ?? 1000,
    destinationPort: dport ?? 80,
    time: 100,
    etherSource: parseMac('02:00:00:00:00:01'),
    etherDestination: parseMac('02:00:00:00:00:02'),
  });
  return { ...skb, in: 'eth0', ...fields };
}
function ask(directions: string, skb: Skb, more: Partial<Query> = {}): Query {
  return {
    skb,
    directions: directions.split(',').map((each) => (each === 'src' ? 'src' : 'dst')),
    returnNomatch: false,
    skipCounters: false,
    skipSubcounters: false,
    exist: false,
    found: undefined,
    ...more,
  };
}
const there = packet('10.0.0.1', '192.0.2.7');

/** Types of which no kernel was at hand: as ipset(8) describes them. */
describe('types by their documentation', () => {
  it.each([
    ['hash:mac', '02:00:00:00:00:01', 'src', there, true],
    ['hash:mac', '02:00:00:00:00:01', 'dst', there, false],
    ['hash:mac', '02:00:00:00:00:02', 'dst', there, true],
    ['hash:ip,mac', '10.0.0.1,02:00:00:00:00:01', 'src,src', there, true],
    ['hash:ip,mac', '192.0.2.7,02:00:00:00:00:01', 'dst,src', there, true],
    ['hash:ip,mac', '10.0.0.1,02:00:00:00:00:01', 'src,dst', there, false],
    ['hash:ip,mac', '10.0.0.1,02:00:00:00:00:01', 'src', there, false],
    ['hash:ip,mark', '10.0.0.1,0x5', 'src,src', { ...there, mark: 5 }, true],
    ['hash:ip,mark', '10.0.0.1,0x5', 'src,src', { ...there, mark: 7 }, false],
    ['hash:ip,mark markmask 0x5', '10.0.0.1,0x5', 'src,src', { ...there, mark: 7 }, true],
    ['hash:ip,mark markmask 0x5', '10.0.0.1,0xf', 'src,src', { ...there, mark: 5 }, true],
    ['hash:net,net', '10.0.0.0/8,192.0.2.0/24', 'src,dst', there, true],
    ['hash:net,net', '10.0.0.0/8,192.0.2.0/24', 'dst,src', there, false],
    ['hash:net,net', '10.0.0.0/8,192.0.2.8/29', 'src,dst', there, false],
    ['hash:net,port,net', '10.0.0.0/8,tcp:80,192.0.2.0/24', 'src,dst,dst', there, true],
    ['hash:net,port,net', '10.0.0.0/8,tcp:80,192.0.2.0/24', 'src,src,dst', there, false],
    ['hash:net,port,net', '10.0.0.0/8,udp:80,192.0.2.0/24', 'src,dst,dst', there, false],
  ] as const)('%s with %s, asked %s', (type, element, directions, skb, wanted) => {
    const sets = setsOf(`create s ${type}\nadd s ${element}\n`);
    expect(sets.test('s', ask(directions, skb))).toBe(wanted);
  });

  it('hash:net,net: the first network’s longest prefix decides before the second’s', () => {
    const sets = setsOf(
      'create s hash:net,net\nadd s 10.0.0.0/24,0.0.0.0/1 nomatch\nadd s 10.0.0.0/8,192.0.2.0/24\nadd s 10.0.0.0/24,192.0.0.0/8\n',
    );
    expect(sets.test('s', ask('src,dst', there))).toBe(true);
    expect(sets.test('s', ask('src,dst', packet('10.0.0.1', '8.8.8.8')))).toBe(false);
    expect(sets.test('s', ask('src,dst', packet('10.0.0.1', '8.8.8.8'), { returnNomatch: true }))).toBe(true);
    expect(sets.test('s', ask('src,dst', packet('10.9.0.1', '192.0.2.9')))).toBe(true);
  });
});

describe('what nobody dumped', () => {
  const sets = setsOf('create empty hash:ip\ncreate l list:set\nadd l other\n');
  it('is unknown, and says which command would tell', () => {
    expect(sets.test('nowhere', ask('src', there))).toEqual({
      why: 'host: no dump holds set nowhere (ipset save)',
    });
    expect(sets.test('l', ask('src', there))).toEqual({ why: 'host: no dump holds set other (ipset save)' });
  });
  it('is not what is empty', () => expect(sets.test('empty', ask('src', there))).toBe(false));
  it('is not what was dumped without its elements', () => {
    const listed = contentOf(
      read('x', 'Name: s\nType: hash:ip\nHeader: family inet\nNumber of entries: 2\n'),
      'ipsets',
    ).sets;
    expect(createSets('host', listed).test('s', ask('src', there))).toMatchObject({
      why: expect.stringContaining('ipset save'),
    });
    const none = contentOf(
      read('x', 'Name: s\nType: hash:ip\nHeader: family inet\nNumber of entries: 0\n'),
      'ipsets',
    ).sets;
    expect(createSets('host', none).test('s', ask('src', there))).toBe(false);
  });
  it('a packet without its Ethernet header has no MAC address to ask for', () => {
    const macs = setsOf('create m hash:mac\nadd m 02:00:00:00:00:01\n');
    expect(macs.test('m', ask('src', { ...there, etherSource: undefined }))).toMatchObject({
      why: expect.any(String),
    });
    expect(macs.test('m', ask('src', { ...there, local: true, in: undefined }))).toBe(false);
  });
  it('a full set with forceadd has forgotten something', () => {
    const full = setsOf('create f hash:ip maxelem 1 forceadd\nadd f 10.0.0.1\n');
    expect(full.test('f', ask('src', there))).toBe(true);
    expect(full.change('add', 'f', ask('dst', there))).toBe('done');
    expect(full.test('f', ask('src', there))).toMatchObject({ why: expect.stringContaining('forceadd') });
    expect(full.test('f', ask('src', packet('10.0.0.9', '10.0.0.8')))).toBe(false);
  });
});

describe('while packets go through', () => {
  it('what is only tried out is undone', () => {
    const sets = setsOf(
      'create s hash:ip timeout 60 counters\nadd s 10.0.0.1 timeout 30 packets 5 bytes 50\ncreate n hash:net\nadd n 10.0.0.0/8\n',
    );
    const before = JSON.stringify(sets.records(100), (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    sets.tentatively(() => {
      sets.test('s', ask('src', there));
      sets.change('add', 's', ask('dst', there));
      sets.change('del', 's', ask('src', there));
      sets.change('add', 'n', ask('dst', there));
      sets.change('del', 'n', ask('src', there));
      expect(sets.test('s', ask('src', there))).toBe(false);
    });
    expect(
      JSON.stringify(sets.records(100), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).toBe(before);
    expect(sets.test('n', ask('dst', there))).toBe(false);
  });

  it('timeouts run from the first packet on', () => {
    const sets = setsOf(
      'create s hash:ip timeout 60\nadd s 10.0.0.1 timeout 30\nadd s 192.0.2.7 timeout 0\n',
    );
    const at = (time: number) => packet('10.0.0.1', '192.0.2.7', { time });
    expect(sets.test('s', ask('src', at(1000)))).toBe(true);
    expect(sets.test('s', ask('src', at(1029)))).toBe(true);
    expect(sets.test('s', ask('src', at(1031)))).toBe(false);
    expect(sets.test('s', ask('dst', at(99999)))).toBe(true);
  });
});

describe('hostile dumps', () => {
  it('ranges that stand for billions are kept as far as there is room, and the rest is unknown', () => {
    const text = Array.from(
      { length: 40 },
      (_, i) => `create s${i} hash:ip maxelem 4294967295\nadd s${i} 0.0.0.1-255.255.255.255\n`,
    );
    const sets = setsOf(text.join(''));
    expect(sets.test('s0', ask('src', packet('0.0.0.9', '10.0.0.1')))).toBe(true);
    expect(sets.test('s0', ask('src', there))).toMatchObject({ why: expect.stringContaining('not all') });
    expect(sets.test('s39', ask('src', there))).toMatchObject({ why: expect.stringContaining('not all') });
  }, 30_000);

  it('networks of any size are one element', () => {
    const sets = setsOf('create n hash:net\nadd n 0.0.0.0/1\nadd n 128.0.0.0-255.255.255.254\n');
    expect(sets.test('n', ask('src', there))).toBe(true);
    expect(sets.test('n', ask('dst', there))).toBe(true);
  });

  it('a bad line costs its element, and says what was wrong', () => {
    const dump = read(
      'sets.txt',
      'create s hash:ip\nadd s 10.0.0.300\nadd s 10.0.0.1\nadd t 10.0.0.1\ncreate u hash:what x\nadd s 10.0.0.2 timeout 5\n',
    );
    expect(dump.issues.map(({ line, text }) => `${line} ${text}`)).toEqual([
      '2 `add s 10.0.0.300`: 10.0.0.300: expected an IPv4 address, prefix or range',
      '4 `add t 10.0.0.1`: set t was not created before',
      '5 `create u hash:what x`: hash:what is no set type',
      '6 `add s 10.0.0.2 timeout 5`: the set was created without timeout',
    ]);
    expect(contentOf(dump, 'ipsets').sets[0]?.entries).toHaveLength(1);
  });
});

it('passes over the length that ipset prints behind a bitmask by mistake', () => {
  const text = 'create s hash:ip family inet hashsize 1024 maxelem 9 bitmask 255.255.0.255/5\n';
  const content = contentOf(read('ipset-save.txt', text), 'ipsets');
  expect(content.sets[0]?.header.bitmask).toBe(0xffff00ff);
});

describe('worlds of one dump', () => {
  it.each([
    ['hash:ip', 'add s 10.0.0.9', 'src'],
    ['hash:net', 'add s 10.0.0.0/30\nadd s 10.0.0.64/26 nomatch', 'src'],
    ['hash:ip,port', 'add s 10.0.0.9,tcp:80', 'src,dst'],
    ['hash:net,iface', 'add s 10.0.1.0/24,eth0\nadd s 10.0.1.0/24,eth1', 'src,src'],
    ['hash:ip counters', 'add s 10.0.0.9', 'src'],
    ['hash:ip timeout 60', 'add s 10.0.0.9', 'src'],
    ['bitmap:ip range 10.0.0.0-10.0.0.255', 'add s 10.0.0.9', 'src'],
    ['hash:ip', 'add s 10.0.0.16-10.0.0.19', 'src'],
  ])('%s: what one changes the others do not see', (type, elements, directions) => {
    const { sets: dumped } = contentOf(
      read('ipset-save.txt', `create s ${type}\n${elements}\n`, 'ipset save'),
      'ipsets',
    );
    const [untouched, changed, tried] = [1, 2, 3].map(() => createSets('host', dumped));
    const inside = ask(directions, packet('10.0.0.1', '192.0.2.7'));
    const records = (sets: Sets | undefined) => sets?.records(100).map(({ entries }) => entries);
    const before = records(untouched);
    const contained = untouched?.test('s', inside);
    tried?.test('s', inside);
    tried?.tentatively(() => tried.change('add', 's', inside));
    expect(changed?.change('add', 's', inside)).toBe(contained === true ? 'exists' : 'done');
    expect(changed?.test('s', inside)).toBe(true);
    expect(tried?.test('s', inside)).toBe(contained);
    expect(createSets('host', dumped).test('s', inside)).toBe(contained);
    expect(records(createSets('host', dumped))).toEqual(before);
    expect(changed?.change('del', 's', inside)).toBe('done');
    expect(changed?.test('s', inside)).toBe(false);
  });
});
