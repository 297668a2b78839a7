import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildSkb } from '../../src/skb/build.ts';
import { asLoaded } from '../../src/xtables/canonical.ts';
import { matchRule, ruleAction } from '../../src/xtables/evaluate.ts';
import { parseRule, parseSave } from '../../src/xtables/parse.ts';
import { printRule, printRuleset } from '../../src/xtables/print.ts';
import { TABLES } from '../../src/xtables/rule.ts';
import { quote, quoteAlways, splitSaved } from '../../src/xtables/tokens.ts';
import { contextOf } from './packets.ts';

/** Canonical pieces of rules, from the rows: what stands before a match, single matches, single targets. */
const rows = readdirSync('test/xtables/rows')
  .flatMap((file) => readFileSync(`test/xtables/rows/${file}`, 'utf8').split('\n'))
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'))
  .filter(
    ([families, , , expected]) =>
      families?.includes('4') && !expected?.startsWith('FAIL') && !expected?.includes(' | '),
  )
  .map(([, table = '', rule = '', expected = '']) => ({
    table,
    spec: expected === '=' ? rule.replace(/^-A \S+ /, '') : expected,
  }));
const matches = [
  ...new Set(rows.flatMap(({ spec }) => spec.match(/-m (?:"[^"]*"|(?! -[mjg] ).)+?(?= -[mjg] |$)/g) ?? [])),
].filter((text) => !/^-m (tcp|udp|icmp|sctp|dccp|esp|ah|ipcomp|multiport|tcpmss|osf|ecn)\b/.test(text));

const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
const spec = fc
  .record({
    source: fc.option(fc.tuple(fc.boolean(), address, fc.integer({ min: 1, max: 32 })), { nil: undefined }),
    input: fc.option(fc.stringMatching(/^[a-z]{1,8}[0-9.]{0,4}\+?$/), { nil: undefined }),
    ports: fc.option(fc.tuple(fc.constantFrom('tcp', 'udp'), fc.boolean(), fc.nat(65535), fc.nat(65535)), {
      nil: undefined,
    }),
    matches: fc.subarray(matches, { maxLength: 3 }),
    target: fc.constantFrom(
      '-j ACCEPT',
      '-j DROP',
      '-g elsewhere',
      '-j LOG --log-prefix "a b"',
      '-j MARK --set-xmark 0x1/0x3',
      '',
    ),
  })
  .map(({ source, input, ports, matches, target }) => {
    const [low, high] = ports ? [Math.min(ports[2], ports[3]), Math.max(ports[2], ports[3])] : [0, 0];
    return [
      source ? `${source[0] ? '! ' : ''}-s ${source[1]}/${source[2]}` : '',
      input ? `-i ${input}` : '',
      ports ? `-p ${ports[0]} -m ${ports[0]} ${ports[1] ? '! ' : ''}--dport ${low}:${high}` : '',
      ...matches,
      target,
    ]
      .filter((part) => part !== '')
      .join(' ');
  });

describe('rules made of known pieces', () => {
  it('print and read back the same', () => {
    expect(matches.length).toBeGreaterThan(50);
    fc.assert(
      fc.property(spec, fc.constantFrom(...TABLES), (text, table) => {
        const once = parseSave(
          `*${table}\n:mine - [0:0]\n:elsewhere - [0:0]\n-A mine ${text}\nCOMMIT\n`,
          'a',
          { family: 4 },
        );
        const printed = printRuleset(once.ruleset);
        const twice = parseSave(printed, 'b', { family: 4 });
        const spanless = (rules: typeof once): unknown =>
          rules.ruleset.tables
            .get(table)
            ?.chains.get('mine')
            ?.rules.map(({ text: _, span: __, ...rest }) => rest);
        expect(spanless(twice)).toEqual(spanless(once));
        expect(printRuleset(twice.ruleset)).toBe(printed);
        expect(once.ruleset.tables.get(table)?.chains.get('mine')?.rules).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});

const word = fc.oneof(
  fc.constantFrom(
    '-A',
    'FORWARD',
    '-p',
    'tcp',
    '-m',
    'conntrack',
    '--ctstate',
    'NEW',
    '-j',
    'DNAT',
    '--to-destination',
    '!',
    '-s',
    '--dport',
    '-f',
  ),
  fc.constantFrom(
    '*nat',
    ':INPUT',
    'COMMIT',
    '[1:2]',
    '--match-set',
    '--tcp-flags',
    '"',
    '\\',
    '--u32',
    '0>>22&0x3C@0=1',
    '-c',
    '--',
    '-',
    '--=',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const line = fc.array(word, { maxLength: 14 }).map((words) => words.join(' '));

describe('any text', () => {
  it('is read without a throw, keeps its good rules, and what is printed reads back the same', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom(4, 6), (lines, family) => {
        const good = '*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n';
        const noise = lines.filter((each) => !/\*|raw|-[FXDE]|--(flush|delete)/.test(each)).join('\n');
        const { ruleset } = parseSave(`${good}${noise}\n`, 'noise', { family });
        expect(ruleset.tables.get('raw')?.chains.get('OUTPUT')?.rules).toHaveLength(1);
        const printed = printRuleset(ruleset);
        const again = parseSave(printed, 'again', { family });
        expect(printRuleset(again.ruleset)).toBe(printed);
      }),
      { numRuns: 400 },
    );
  });

  it('as a command is read without a throw', () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 16 }),
        fc.constantFrom(4, 6),
        fc.constantFrom(...TABLES),
        (words, family, table) => {
          const { rules, issues } = parseRule(words, family, table, { path: 'x', line: 1 });
          expect(rules.length > 0).toBe(issues.every((issue) => issue.severity === 'warning'));
          for (const rule of rules) expect(printRule(rule, family, 'c')).toMatch(/^-A c/);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('quotes so that it reads back as one word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const readable = text.replaceAll(/[\r\n]/g, '');
        for (const quoted of [quote(readable), quoteAlways(readable)]) {
          expect(splitSaved(quoted).map((token) => token.text)).toEqual([readable]);
        }
      }),
    );
  });

  it('of great length is one pass', () => {
    const long = `-A FORWARD ${'-m comment --comment "x y" '.repeat(20_000)}-j DROP`;
    const { ruleset } = parseSave(
      `*filter\n${long}\n${'-A FORWARD -p tcp --dport 80 -j DROP\n'.repeat(20_000)}COMMIT\n`,
      'long',
    );
    expect(ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules).toHaveLength(20_001);
  });
});

describe('texts made to be expensive', () => {
  const addresses = (count: number): string =>
    Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(',');

  it.each([
    ['comma lists that multiply', `-A INPUT -s ${addresses(20_000)} -d ${addresses(20_000)} -j DROP`, 1],
    ['a comma list of allowed length', `-A INPUT -s ${addresses(5_000)} -j DROP`, 5_000],
    ['thousands of unknown options', `-A INPUT ${'-m mark --mark 1 --what x '.repeat(5_000)}`, 1],
    ['thousands of negations', `-A INPUT ${'! '.repeat(50_000)} -j DROP`, 1],
    [
      'deletions of what is not there',
      '-A INPUT -p tcp\n'.repeat(3_000) + '-D INPUT -p udp\n'.repeat(3_000),
      3_000,
    ],
    ['insertions in front', '-I INPUT -p tcp\n'.repeat(20_000), 20_000],
    ['one endless word', `-A INPUT -m comment --comment ${'x'.repeat(1_000_000)}`, 1],
    ['an endless string', `-A INPUT -m comment --comment "${'\\"'.repeat(300_000)}`, 1],
  ])('%s', (_, text, rules) => {
    const { ruleset } = parseSave(`*filter\n${text}\nCOMMIT\n`, 'hostile', { family: 4 });
    expect(ruleset.tables.get('filter')?.chains.get('INPUT')?.rules).toHaveLength(rules);
    expect(printRuleset(asLoaded(ruleset))).toMatch(/COMMIT\n$/);
  });
});

describe('any packet', () => {
  const rules = rows
    .filter(({ table }) => table === 'mangle')
    .flatMap(({ spec: text }) => {
      const { ruleset } = parseSave(`*mangle\n-A mine ${text}\nCOMMIT\n`, 'rows', { family: 4 });
      return ruleset.tables.get('mangle')?.chains.get('mine')?.rules ?? [];
    });

  it('of any bytes behind its header is matched by every rule without a throw', () => {
    expect(rules.length).toBeGreaterThan(200);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom(1, 6, 17, 33, 50, 51, 108, 132, 136, 200),
        fc.nat(80),
        fc.constantFrom('nft', 'legacy'),
        (payload, protocol, cut, backend) => {
          const skb = buildSkb({ source: 0x0a000001, destination: 0x0a000002, protocol: 200, payload });
          skb.bytes[9] = protocol;
          skb.protocol = protocol;
          if (cut >= 20) skb.bytes = skb.bytes.slice(0, cut);
          for (const rule of rules) {
            const ctx = contextOf(rule, skb, { backend, table: 'mangle' });
            const result = matchRule(rule, ctx);
            expect(typeof result === 'boolean' || result.why !== '').toBe(true);
            if (result === true) expect(ruleAction(rule, ctx).kind).toBeTypeOf('string');
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
