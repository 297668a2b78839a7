/** The list of rules, with counters as they move and the rules of the chosen flow. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RuleBook } from '../../src/live/rule-book.ts';
import type { Hop } from '../../src/netstack/hop.ts';
import { rulesPane } from '../../src/tui/panes/rules.ts';
import { stateOf } from '../live/rules-state.ts';
import { expectFitting, linesOf, liveFlow, room, screenData } from './screen-data.ts';

const PATH = 'live/namespaces/host/iptables-save.txt';

function save(forward: number, web: number): string {
  return `*filter
:INPUT ACCEPT [12:720]
:FORWARD DROP [${forward}:${forward * 60}]
:WEB - [0:0]
[1234567:98765432] -A FORWARD -j WEB
[${web}:${web * 60}] -A WEB -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
COMMIT
`;
}

const NFT = JSON.stringify({
  nftables: [
    {
      chain: {
        family: 'inet',
        table: 'fw',
        name: 'in',
        type: 'filter',
        hook: 'input',
        prio: 10,
        policy: 'drop',
      },
    },
    { rule: { family: 'inet', table: 'fw', chain: 'in', handle: 4, expr: [{ accept: null }] } },
  ],
});

function rulesOf(...saves: readonly string[]) {
  const book = new RuleBook();
  const states = saves.map((text, index) =>
    stateOf(1000 + 2000 * index, { 'host/iptables-save.txt': text, 'web/nft-ruleset.json': NFT }),
  );
  const reads = states.map((state) => book.update(state, [{ name: 'host' }, { name: 'web' }]));
  return reads.at(-1) ?? { chains: [], span: undefined };
}

const RULE = { kind: 'rule', hook: 'FORWARD', table: 'filter', text: '', path: PATH } as const;
const THERE: Hop[] = [
  {
    namespace: 'host',
    steps: [
      { ...RULE, chain: 'FORWARD', number: 1, target: 'WEB' },
      { kind: 'policy', hook: 'FORWARD', table: 'filter', chain: 'FORWARD', verdict: 'DROP', path: PATH },
    ],
  },
];
const BACK: Hop[] = [
  {
    namespace: 'host',
    steps: [
      { ...RULE, chain: 'FORWARD', number: 1, target: 'WEB' },
      { ...RULE, chain: 'WEB', number: 1, target: 'ACCEPT' },
    ],
  },
  {
    namespace: 'web',
    steps: [
      {
        kind: 'nft-rule',
        hook: 'input',
        family: 'inet',
        table: 'fw',
        chain: 'in',
        number: 1,
        text: 'accept',
        verdict: 'accept',
      },
    ],
  },
];
const FLOW = liveFlow({ status: 'dropped', sightings: [], predicted: THERE, predictedReply: BACK });
const DATA = screenData({ rules: rulesOf(save(3, 100), save(8, 100)) });

describe('the list of rules', () => {
  it('has counters, what they moved, and the marks of a flow, at 80 columns', () => {
    const pane = rulesPane(DATA, room(80), { flow: FLOW });
    expect(pane.title).toBe('3 rules · + in 2.0 s · → ← flow 1');
    expect(linesOf(pane)).toEqual([
      '   pkts bytes  +pkts    no rule',
      '     12   720              host filter INPUT: policy ACCEPT',
      'host filter FORWARD  hook forward at 0',
      '⇄  1.2M   98M            1 -j WEB',
      '✗     8   480     +5       policy DROP',
      'host filter WEB',
      '←   100  6000            1 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -m… -j ACCEPT',
      'web inet fw in  hook input at 10, nft',
      '←     -     -            1 accept',
      '      -     -              policy DROP',
    ]);
  });

  it('says what the rules do with the flow, at 200 columns', () => {
    expect(linesOf(rulesPane(DATA, room(200), { flow: FLOW }))).toEqual([
      '   pkts bytes  +pkts +bytes flow                        no rule',
      '     12   720                                              host filter INPUT: policy ACCEPT',
      'host filter FORWARD  hook forward at 0',
      '⇄  1.2M   98M               WEB                          1 -j WEB',
      '✗     8   480     +5   +300 DROP                           policy DROP',
      'host filter WEB',
      '←   100  6000               ACCEPT                       1 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT',
      'web inet fw in  hook input at 10, nft',
      '←     -     -               accept                       1 accept',
      '      -     -                                              policy DROP',
    ]);
  });

  it('has those alone that moved', () => {
    const pane = rulesPane(DATA, room(80), { isMovedOnly: true });
    expect(pane.title).toBe('3 rules · those that moved · + in 2.0 s');
    expect(linesOf(pane).slice(1)).toEqual([
      'host filter FORWARD  hook forward at 0',
      '      8   480     +5       policy DROP',
    ]);
  });

  it('has those alone that the flow hits, and of those the ones that moved', () => {
    const pane = rulesPane(DATA, room(80), { flow: FLOW, isHitOnly: true });
    expect(pane.title).toBe('3 rules · + in 2.0 s · those of flow 1');
    expect(linesOf(pane).slice(1)).toEqual([
      'host filter FORWARD  hook forward at 0',
      '⇄  1.2M   98M            1 -j WEB',
      '✗     8   480     +5       policy DROP',
      'host filter WEB',
      '←   100  6000            1 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -m… -j ACCEPT',
      'web inet fw in  hook input at 10, nft',
      '←     -     -            1 accept',
    ]);
    const both = rulesPane(DATA, room(80), { flow: FLOW, isHitOnly: true, isMovedOnly: true });
    expect(linesOf(both).slice(1)).toEqual([
      'host filter FORWARD  hook forward at 0',
      '✗     8   480     +5       policy DROP',
    ]);
    expect(rulesPane(DATA, room(80), { isHitOnly: true }).empty).toBe('No flow is chosen.');
  });

  it('has a key for every row, the same in both lists', () => {
    const all = rulesPane(DATA, room(80));
    const keys = Array.from({ length: all.rows }, (_, index) => all.keyOf?.(index) ?? '');
    expect(new Set(keys).size).toBe(all.rows);
    const moved = rulesPane(DATA, room(80), { isMovedOnly: true });
    for (let index = 0; index < moved.rows; index++)
      expect(all.row(keys.indexOf(moved.keyOf?.(index) ?? ''))).toBe(moved.row(index));
    expect(all.row(all.rows)).toBe('');
    expect(all.keyOf?.(all.rows)).toBe('');
  });

  it('says that there are none', () => {
    expect(rulesPane(screenData(), room(80)).empty).toBe(
      'No rules are read yet, or there are none where packets pass.',
    );
    const still = screenData({ rules: rulesOf(save(1, 1), save(1, 1)) });
    const pane = rulesPane(still, room(80), { isMovedOnly: true });
    expect([pane.rows, pane.empty]).toEqual([0, 'No counter of a rule moved since the reading before.']);
  });

  it('puts a rule into words when it is drawn, whatever else there is', () => {
    const rules = Array.from(
      { length: 20_000 },
      (_, index) => `[${index}:0] -A INPUT -s 10.0.0.1/32 -j DROP`,
    );
    const { chains, span } = rulesOf(['*filter', ':INPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n'));
    let words = 0;
    const counted = chains.map((chain) => ({
      ...chain,
      form: {
        ...chain.form,
        textOf: (rule: number) => {
          words++;
          return chain.form.textOf(rule);
        },
      },
    }));
    const pane = rulesPane(screenData({ rules: { chains: counted, span } }), room(80));
    expect(pane.rows).toBe(20_000 + 2 + 3);
    for (let row = 15_000; row < 15_050; row++) expect(pane.row(row)).toContain(`${row} -s 10.0.0.1/32`);
    expect(words).toBe(50);
  });

  it('stays in its columns and drives no terminal, whatever stands in the rules', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('\n', ' ')),
      fc.constantFrom('e\x1b[2Jvil', 'r\u202eight', '宽宽宽宽宽宽宽宽'),
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 5 }),
        word,
        fc.integer({ min: 2, max: 220 }),
        fc.constantFrom(0, 256),
        (comments, chain, width, colors) => {
          const rules = comments.map(
            (comment) => `[1:1] -A ${chain} -m comment --comment "${comment}" -j ${comment}`,
          );
          const text = ['*filter', `:${chain} ${chain} [0:0]`, ...rules, 'COMMIT', ''].join('\n');
          const expr = comments.map((comment) => ({
            match: { op: '==', left: { meta: { key: comment } }, right: comment },
          }));
          const json = JSON.stringify({
            nftables: [
              {
                chain: {
                  family: 'inet',
                  table: chain,
                  name: chain,
                  type: 'filter',
                  hook: chain,
                  prio: 0,
                  policy: chain,
                },
              },
              { rule: { family: 'inet', table: chain, chain, handle: 4, expr, comment: chain } },
            ],
          });
          const state = stateOf(1, { 'host/iptables-save.txt': text, 'host/nft-ruleset.json': json });
          const data = screenData({ rules: new RuleBook().update(state, [{ name: 'host' }]) });
          expectFitting(rulesPane(data, room(width, colors), { flow: FLOW }), width);
        },
      ),
    );
  });
});
