/** What fuzzing found, each with the input that showed it, as small as it could be made. */
import { describe, expect, it } from 'vitest';
import { readCase } from '../../src/cases/file/read.ts';
import { printDump } from '../../src/dump/print.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { printFilter } from '../../src/filter/print.ts';
import { createSets } from '../../src/ipset/sets.ts';
import { readRuleset } from '../../src/nft/text/read.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { parseList, parseSave } from '../../src/xtables/parse.ts';
import {
  concat,
  enhancedBlock,
  i64,
  interfaceBlock,
  option,
  readAll,
  sectionBlock,
} from '../capture/blocks.ts';
import { packetsOfText } from '../tcpdump/compare.ts';

describe('pcapng', () => {
  const file = (offset: bigint) =>
    concat(
      sectionBlock(),
      interfaceBlock(1, option(14, i64(offset))),
      ...[1_999_488n, 1_000_000n].map((stamp) => enhancedBlock(0, stamp, [1, 2, 3, 4])),
    );

  it('an offset that no time can be moved by exactly is left out, and said', () => {
    const { seen, summary } = readAll(file(-1585267067134414600n));
    expect(seen.map(({ seconds }) => seconds)).toEqual([1, 1]);
    expect(summary).toMatchObject({
      first: { seconds: 1, nanoseconds: 0 },
      last: { seconds: 1, nanoseconds: 999_488_000 },
      issues: [{ code: 'pcapng-time-offset' }],
    });
  });

  it('any other is taken', () => {
    const { seen, summary } = readAll(file(-3600n));
    expect(seen.map(({ seconds }) => seconds)).toEqual([-3599, -3599]);
    expect(summary.issues).toEqual([]);
  });
});

describe('tcpdump', () => {
  it.each([
    ['alone', 'IP6 fe80::1 > fe80::2: [|icmp6]'],
    ['with a packet that it quotes', 'IP (hlim 4next-header (58)):: > :::\nIP 0.0.1.2 > 0.1.0.0: Flags ['],
  ])('a message of ICMPv6 that nobody knows, %s', async (_, text) => {
    const packets = await packetsOfText(`10:00:06 ${text}`);
    expect(packets.map(({ ip }) => ip?.protocol)).toEqual([58]);
  });
});

/** What every object has, and no table of words. */
const INHERITED = ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty'];

describe.each(INHERITED)('the word %s is in no table', (word) => {
  it('of scopes and protocols', () => {
    const dump = recogniseDump('x', `default via 10.0.0.1 dev eth0 proto ${word} scope ${word}\n`);
    expect(dump && printDump(dump.content)).toContain(`proto ${word}`);
  });

  it('of networks', () => {
    const { issues, ruleset } = parseList(
      `Chain o (0 references)\ntarget prot opt source destination\nACCEPT all -- ${word} anywhere\n`,
      'x',
    );
    expect(ruleset.tables.get('filter')?.chains.get('o')?.rules).toHaveLength(1);
    expect(issues.map(({ text }) => text).join()).toContain(word);
  });

  it.each([
    `-j LOG --log-level ${word}`,
    `-m tos --tos ${word}`,
    `-j DSCP --set-dscp-class ${word}`,
    `-p tcp -j TCPOPTSTRIP --strip-options ${word}`,
    `-p mh -m mh --mh-type ${word}`,
    `-j REJECT --reject-with ${word}`,
    `-p ${word}`,
  ])('of %s', (rule) => {
    const table = /DSCP|STRIP/.test(rule) ? 'mangle' : 'filter';
    const { issues } = parseSave(`*${table}\n-A FORWARD ${rule}\nCOMMIT\n`, 'x', { family: 4 });
    expect(issues.length, rule).toBeGreaterThan(0);
  });

  it('of route -n and netstat', () => {
    const routes = recogniseDump(
      'x',
      `Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n${word} 10.0.0.1 255.0.0.0 UG 0 0 0 eth0\n`,
    );
    expect(routes?.issues).toHaveLength(1);
    const sockets = recogniseDump(
      'x',
      `Active Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address Foreign Address State\ntcp 0 0 10.0.0.1:80 10.0.0.2:9 ${word}\n`,
    );
    for (const socket of sockets?.content.kind === 'sockets' ? sockets.content.sockets : [])
      expect(typeof socket.state).toBe('string');
  });
});

it('a network of no bits is any end, as its canonical form is', () => {
  const filter = parseFilter('m > 1.0.0.0/0');
  expect(filter).toMatchObject({ kind: 'flow', right: {} });
  expect(parseFilter(printFilter('fault' in filter ? { kind: 'and', parts: [] } : filter))).toEqual(filter);
});

describe('nft', () => {
  it.each([
    ['in a set', 'table ip t {\n\tset s {\n\t\ttype ipv4_addr\n'],
    ['in a chain', 'table ip t {\n\tchain c {\n\t\taccept\n'],
    ['behind a chain', 'table ip t {\n\tchain c {\n\t}\n'],
    ['before another table', 'table ip t {\n\tchain c {\n\t\taccept\ntable ip u {\n}\n'],
  ])('a text that breaks off %s says so, once', (_, text) => {
    const { issues, ruleset } = readRuleset(text, 'x');
    expect(issues.map((issue) => issue.text)).toEqual([expect.stringContaining('the text breaks off')]);
    expect(ruleset.tables[0]?.name).toBe('t');
  });
});

describe('sets', () => {
  it.each([
    ['of none', '<ipset name="">\n<type>hash:ip</type>\n<header></header>\n'],
    ['before any', '<ipset name="\n<type>hash:ip</type>\n<header></header>\n'],
  ])('a header in XML, %s, makes no set without a name', (_, text) => {
    const dump = recogniseDump('x', text);
    expect(dump?.content).toMatchObject({ kind: 'ipsets', sets: [] });
    expect(dump?.issues.map((issue) => issue.text).join()).toContain('expected `<ipset name=');
  });

  it.each([
    ['that holds itself', 'create e list:set size 8\nadd e e\n'],
    [
      'that holds one that holds it',
      'create e list:set size 8\ncreate f list:set size 8\nadd e f\nadd f e\n',
    ],
  ])('a set of sets %s has no members: the kernel refuses it', (_, text) => {
    const content = recogniseDump('x', text, 'ipset save')?.content;
    if (content?.kind !== 'ipsets') throw new Error('no sets');
    const skb = buildSkb({ protocol: 6, source: 0x0a000001, destination: 0x0a000002, time: 0 });
    const asked = { returnNomatch: false, skipCounters: false, skipSubcounters: false, exist: false };
    const query = { skb, directions: ['src'] as const, found: undefined, ...asked };
    expect(createSets('host', content.sets).test('e', query)).toBe(false);
  });

  it('a comment in XML has no quotes, which nobody could print', () => {
    const text =
      '<ipset name="o"><type>hash:ip</type>\n<header><comment/>\n<member><elem>10.0.3.9</elem><comment>"</comment></member>';
    const dump = recogniseDump('x', text);
    expect(JSON.stringify(dump?.content)).not.toContain('"comment":"');
    expect(dump?.issues).not.toEqual([]);
  });

  it('of nft without a type are said to have none', () => {
    const { issues } = readRuleset('table ip t {\n\tset s {\n\t\telements = { 8 }\n\t}\n}\n', 'x');
    expect(issues).toMatchObject([{ line: 2, text: '`set s`: expected a type or typeof in it' }]);
  });
});

describe('dumps', () => {
  it.each([
    ['an expiry that is no number of seconds', ':: dev a expires \n'],
    ['flags that are no names', '6: eth0: <\x01,UP, x> mtu 1500 mode DEFAULT\n'],
    ['a link’s line that ends in a word without its value', '1: o: <> qdisc'],
    [
      'a port’s line that ends in a word without its value',
      '3: r <>state forwarding master\n5: i <> mtu 0 master 0 state disabled \n',
    ],
    ['a next hop that is none', 'id 2 blackhole}\nid 2 blackhole\n'],
    ['a route that ends in a word without its value', 'default via 10.0.0.1 dev eth0 scope\ndefault dev\n'],
    ['an IPv4 address that is for IPv6 only', 'tcp LISTEN 0 7 127.0.0.1:1 0.0.0.0:* v6only:1\n'],
  ])('%s: what is printed reads back, or something was said', (_, text) => {
    const dump = recogniseDump('x', text);
    const printed = dump ? (printDump(dump.content) ?? '') : '';
    const again = recogniseDump('x', printed)?.content;
    if (dump?.issues.length === 0) expect(again && printDump(again)).toBe(printed);
    else expect(dump?.issues[0]?.text).toMatch(/names of flags|a next hop|a route/);
  });

  it.each([-2147483647, 1e300, 0.5])('a prefix of nft with %d bits is none', (length) => {
    const set = { family: 'ip', table: 't', name: 's', type: 'ipv4_addr', handle: 1 };
    const elem = [{ prefix: { addr: '0.0.0.0', len: length } }];
    const nftables = [{ table: { family: 'ip', name: 't', handle: 1 } }, { set: { ...set, elem } }];
    const dump = recogniseDump('x', JSON.stringify({ nftables }));
    expect(dump?.content.kind).toBe('nft');
  });
});

it('a rate that no 32 bits hold is none', () => {
  const rule = '-A INPUT -m rateest --rateest 1 --rateest-lt --rateest-bps 999999999999999999999999999bit';
  const { issues } = parseSave(`*filter\n:INPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`, 'x', { family: 4 });
  expect(issues).toMatchObject([{ line: 3 }]);
});

it('a case with a list for a key prints nothing by itself', async () => {
  const warnings: unknown[] = [];
  const listen = (warning: unknown) => warnings.push(warning);
  process.on('warning', listen);
  const { errors } = readCase('expect.yaml', '? [from, "\\e[31m"]\n: delivered\n');
  await new Promise(setImmediate);
  process.off('warning', listen);
  expect(errors.length).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
});
