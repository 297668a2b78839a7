import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printNft } from '../../src/nft/print/ruleset.ts';
import { comparable, fromJson, fromText, unknowns } from './support/forms.ts';

/** Rulesets that Linux 6.18 took, as nft 1.0.6 lists them: -a, -s and -j. */
const FOLDER = 'test/nft/recorded';
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace(/\.json$/, ''));
const file = (name: string) => readFileSync(`${FOLDER}/${name}`, 'utf8');

/** An option by offset and length that nft prints without either. */
const LOST = /fastopen.*unknown/;

describe('recorded rulesets', () => {
  it.each(NAMES)('%s: text and JSON are the same', (name) => {
    const [text, json] = [fromText(file(`${name}.nft`)), fromJson(file(`${name}.json`))];
    expect(unknowns(text.ruleset).filter((each) => !LOST.test(each))).toEqual([]);
    expect(unknowns(json.ruleset).filter((each) => !LOST.test(each))).toEqual([]);
    const known = (read: typeof text) =>
      JSON.parse(
        JSON.stringify(comparable(read.ruleset), (key, value) =>
          typeof value === 'bigint'
            ? `${value}n`
            : key === 'rules'
              ? value.filter(
                  (rule: unknown) =>
                    !LOST.test(JSON.stringify(rule, (_, v) => (typeof v === 'bigint' ? '' : v))),
                )
              : value,
        ),
      );
    expect(known(text)).toEqual(known(json));
  });

  it.each([...NAMES, 'sets'])('%s: printed as nft -s prints it', (name) => {
    const stateless = file(`${name}.stateless`);
    const listed = existsSync(`${FOLDER}/${name}.nft`) ? file(`${name}.nft`) : stateless;
    expect(printNft(fromText(listed).ruleset)).toBe(stateless);
    expect(printNft(fromText(stateless).ruleset)).toBe(stateless);
  });

  it.each(NAMES)('%s: JSON printed as text, but for what it leaves out', (name) => {
    const bare = (text: string) =>
      text
        .replace(/flags dynamic,timeout/g, 'flags timeout')
        .replace(/ device "lo"/g, '')
        .replace(/^.*fastopen.*\n/gm, '');
    expect(bare(printNft(fromJson(file(`${name}.json`)).ruleset))).toBe(bare(file(`${name}.stateless`)));
  });

  it('have handles and lines', () => {
    const text = 'table ip t { # handle 3\n\tchain c { # handle 1\n\t\tdrop # handle 7\n\t}\n}\n';
    expect(fromText(text).ruleset.tables).toMatchObject([
      {
        handle: 3,
        span: { line: 1 },
        chains: [{ handle: 1, span: { line: 2 }, rules: [{ handle: 7, text: 'drop', span: { line: 3 } }] }],
      },
    ]);
  });
});

const rule = (text: string, family = 'inet') =>
  fromText(`table ${family} t {\n\tchain c {\n\t\t${text}\n\t}\n}\n`);
const printed = (text: string, family = 'inet') =>
  printNft(rule(text, family).ruleset).split('\n')[2]?.trim();

describe('what people write', () => {
  it.each<[string, string, string?]>([
    ['tcp dport ssh', 'tcp dport 22'],
    ['tcp dport { 22,80 }', 'tcp dport { 22, 80 }'],
    ['iif lo', 'iif "lo"'],
    ['mark 5', 'meta mark 0x00000005'],
    ['meta mark and 0xff == 5', 'meta mark & 0x000000ff == 0x00000005'],
    ['meta mark set mark or 1', 'meta mark set meta mark | 0x00000001'],
    ['ct state new,established', 'ct state established,new'],
    ['ct state { new, established }', 'ct state { new, established }'],
    ['tcp flags & (fin|syn|rst|ack) == syn', 'tcp flags syn / fin,syn,rst,ack'],
    ['tcp flags & (syn | ack) != (syn | ack )', 'tcp flags != syn,ack / syn,ack'],
    ['tcp flags & (syn|ack) == 0', 'tcp flags ! syn,ack'],
    ['ip saddr 10.1.2.3/8', 'ip saddr 10.0.0.0/8'],
    ['ip daddr ne 1.1.1.1', 'ip daddr != 1.1.1.1'],
    ['reject with icmpx type port-unreachable', 'reject'],
    ['reject with icmp type host-unreachable', 'reject with icmp host-unreachable'],
    ['reject with icmp port-unreachable', 'reject', 'ip'],
    ['limit rate 10/second burst 5 packets', 'limit rate 10/second'],
    ['log level warn', 'log'],
    ['dnat to 10.0.0.1 : 80', 'dnat to 10.0.0.1:80', 'ip'],
    [
      'dnat ip addr . port to tcp dport map { 22 : 1.1.1.1 . 2222 }',
      'dnat ip to tcp dport map { 22 : 1.1.1.1 . 2222 }',
    ],
    ['redirect to 8080', 'redirect to :8080'],
    ['queue num 5 bypass', 'queue flags bypass to 5'],
    ['set add ip saddr @s', 'add @s { ip saddr }'],
    ['counter packets 5 bytes 6 comment "a # b { c"', 'counter comment "a # b { c"'],
    ['flow offload @f', 'flow add @f'],
    ['ct original saddr 10.0.0.1', 'ct original ip saddr 10.0.0.1', 'ip'],
    ['tcp option sack 1 left 5', 'tcp option sack1 left 5'],
    ['icmp type 8', 'icmp type echo-request'],
    ['ip protocol 6', 'ip protocol tcp'],
    ['meta priority 0x10002', 'meta priority 1:2'],
    ['xt match conntrack', 'xt match "conntrack"'],
    ['meta l4proto tcp  tcp dport 22', 'meta l4proto tcp tcp dport 22'],
    ['iifname eth0 drop; accept', 'iifname "eth0" drop'],
    ['ip saddr { 10.0.0.1,\n\t\t\t10.0.0.2 } \\\n\t\t\taccept', 'ip saddr { 10.0.0.1, 10.0.0.2 } accept'],
  ])('%j', (text, canonical, family) => {
    expect(rule(text, family).issues).toEqual([]);
    expect(printed(text, family)).toBe(canonical);
  });

  it.each<[string, string]>([
    ['frobnicate 5', 'a rule with a statement nobody knows'],
    ['ip saddr not-an-address drop', 'with a value that is none'],
    ['ip saddr vmap drop', 'with a map that is none'],
  ])('%j keeps its text and costs nothing else', (text) => {
    const { ruleset, issues } = fromText(
      `table ip t {\n\tchain a {\n\t\tcounter ${text}\n\t}\n\n\tchain b {\n\t\taccept\n\t}\n}\ntable ip6 u {\n\tchain c {\n\t\tdrop\n\t}\n}\n`,
    );
    expect(issues).toMatchObject([{ line: 3, path: 'x.nft' }]);
    const rules = ruleset.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
    expect(rules[0]?.statements).toMatchObject([{ kind: 'counter' }, { kind: 'unknown', text: text.trim() }]);
    expect(rules.slice(-2).map((each) => each.text)).toEqual(['accept', 'drop']);
  });

  it('costs a table of iptables-nft nothing', () => {
    const { ruleset } = fromText('table ip nat {\n\tchain X {\n\t\ttcp dport 5 cou*nter accept\n\t}\n}\n');
    expect(ruleset.tables[0]).toMatchObject({ iptables: true });
  });

  it('a set that is there already gets the elements, but no other type', () => {
    const again = (type: string, address: string) =>
      `table ip t {\n\tset s {\n\t\ttype ${type}\n\t\telements = { ${address} }\n\t}\n}\n`;
    const one = again('ipv4_addr', '10.0.0.1');
    const sets = ({ ruleset }: ReturnType<typeof fromText>) =>
      ruleset.tables.flatMap((table) =>
        table.sets.map(({ key, elements }) => [key[0]?.type, elements.length]),
      );
    expect(sets(fromText(one + again('ipv4_addr', '10.0.0.2')))).toEqual([['ipv4_addr', 2]]);
    const other = fromText(one + again('ipv6_addr', 'fe80::1'));
    expect(sets(other)).toEqual([['ipv4_addr', 1]]);
    expect(other.issues).toMatchObject([{ line: 8 }]);
    expect(sets(fromText(one.replace(/\t\ttype.*\n/, '') + one))).toEqual([['ipv4_addr', 1]]);
    const inJson = (type: string) =>
      `{"set": {"family": "ip", "name": "s", "table": "t", "type": "${type}", "handle": 2}}`;
    const read = fromJson(`{"nftables": [${inJson('ipv4_addr')}, ${inJson('ipv6_addr')}]}`);
    expect(sets(read)).toEqual([['ipv4_addr', 0]]);
    expect(read.issues).toHaveLength(1);
  });

  it('a chain of JSON that is told again keeps its rules', () => {
    const chain = '{"chain": {"family": "ip", "table": "t", "name": "c"}}';
    const rule = '{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"accept": null}]}}';
    const [table] = fromJson(`{"nftables": [${chain}, ${rule}, ${chain}]}`).ruleset.tables;
    expect(table?.chains.map(({ rules }) => rules.length)).toEqual([1]);
  });

  it('a statement beside the rules is no table', () => {
    const { ruleset, issues } = fromJson(
      '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"dnat": {"family": "ip", "addr": "10.0.0.1"}}]}',
    );
    expect(ruleset.tables.map(({ name }) => name)).toEqual(['t']);
    expect(issues).toMatchObject([{ line: 1, text: '`dnat`: expected the name of a table' }]);
  });

  it('a brace that nobody closes costs its chain and the next, no table', () => {
    const { ruleset, issues } = fromText(
      'table ip t {\n\tchain a {\n\t\ttcp dport { 22, \n\t}\n\n\tchain b {\n\t\taccept\n\t}\n}\ntable ip6 u {\n\tchain c {\n\t\tdrop\n\t}\n}\n',
    );
    expect(issues.length).toBeGreaterThan(0);
    expect(ruleset.tables.at(-1)).toMatchObject({
      family: 'ip6',
      name: 'u',
      chains: [{ rules: [{ text: 'drop' }] }],
    });
  });

  it('a chain inside of a rule is a chain of its own', () => {
    const { ruleset } = rule('tcp dport 22 jump {\n\t\t\tcounter accept\n\t\t\tdrop\n\t\t}');
    expect(ruleset.tables[0]?.chains.map(({ name, rules }) => [name, rules.length])).toEqual([
      ['__chain0', 2],
      ['c', 1],
    ]);
    expect(printNft(ruleset)).toContain('jump {\n\t\t\tcounter accept\n\t\t\tdrop\n\t\t}\n');
  });
});

describe('hostile inputs', () => {
  const sample = file('inet-statements.nft').slice(0, 6000);
  const json = file('ip-dnat.json').slice(0, 6000);

  it('cut anywhere they end, and what stood before is read', () => {
    for (let at = 0; at < sample.length; at += 7) {
      const { ruleset } = fromText(sample.slice(0, at));
      printNft(ruleset);
    }
    for (let at = 0; at < json.length; at += 7) printNft(fromJson(json.slice(0, at)).ruleset);
    expect(fromText(sample.slice(0, 3000)).ruleset.tables).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['brackets in brackets', `${'('.repeat(50_000)}1`],
    ['sets in sets', '{ '.repeat(50_000)],
    ['chains in chains', 'jump { '.repeat(20_000)],
    ['operators', `meta mark ${'& 1 '.repeat(50_000)}`],
    ['one long word', 'a'.repeat(1_000_000)],
    ['one long number', `tcp dport ${'9'.repeat(1_000_000)}`],
    ['colons', `ip6 saddr ${':'.repeat(200_000)}`],
    ['elements', `tcp dport { ${'1, '.repeat(100_000)} }`],
    ['quotes', '"'.repeat(200_000)],
    ['commas', ','.repeat(200_000)],
    ['dots', `ip saddr ${'. ip saddr '.repeat(50_000)}`],
    ['times', `ct expiration ${'1d'.repeat(100_000)}`],
    ['an end too many', '}\n @s timeout'],
  ])('%s end with an issue or a rule', (_, text) => {
    const { ruleset, issues } = rule(text);
    expect(ruleset.tables).toHaveLength(1);
    expect(issues.length + (ruleset.tables[0]?.chains[0]?.rules.length ?? 0)).toBeGreaterThan(0);
  });

  it('any text is read without an exception', () => {
    const word = fc.constantFrom(
      ...'table ip t { } chain c ; , ( ) . : @s @th,1,2 / - & | == != tcp flags syn dport 22 set map type elements = vmap accept jump limit rate 1/second ct state new "x" # \n 10.0.0.0/8 meta mark timeout 5s'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        printNft(fromText(words.join(' ')).ruleset);
        printNft(rule(words.join(' ')).ruleset);
      }),
    );
  });

  it('any JSON is read without an exception', () => {
    const key = fc.constantFrom(
      'match',
      'op',
      'left',
      'right',
      'payload',
      'meta',
      'key',
      'set',
      'map',
      'elem',
      'val',
      'concat',
      'range',
      '&',
      'prefix',
      'jump',
      'snat',
      'addr',
      'limit',
      'queue',
      'xt',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>('tcp', 'mark', '@s', '*', 'ip', null, true, -1, 1.5, 1e300, 22),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (expr) => {
        const rules = [{ rule: { family: 'ip', table: 't', chain: 'c', expr: [expr] } }];
        printNft(fromJson(JSON.stringify({ nftables: rules })).ruleset);
      }),
    );
  });
});
