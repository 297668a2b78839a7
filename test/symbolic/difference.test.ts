/** Two rulesets: the differences are exactly the packets that the model treats differently. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonLines } from '../../src/difference/common-lines.ts';
import { compareTables } from '../../src/difference/compare.ts';
import { Forcing } from '../../src/difference/forced.ts';
import { diffSnapshots } from '../../src/difference/host.ts';
import { type RuleReplay, replayRules, rulesOnly } from '../../src/difference/rule-replay.ts';
import { resolveFiles } from '../../src/input/resolve.ts';
import { createNet } from '../../src/netstack/net.ts';
import { fieldsOf } from '../../src/skb/fields.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { sampleOf } from '../../src/symbolic/sample.ts';
import { tosOf, ttlOf } from '../../src/xtables/packet.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { packetChoice, rulesetText, SETS, samplePacket } from './rules.ts';
import { parseIpset } from './sets.ts';

const sets = parseIpset(SETS);
const RUNS = Number(process.env.RULESETS ?? 16);

/** A ruleset and one of which a few lines are gone, moved, or another's. */
const edited = fc
  .tuple(
    rulesetText,
    rulesetText,
    fc.array(fc.record({ at: fc.nat(), how: fc.constantFrom('drop', 'flip', 'move', 'policy') }), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([text, , edits]) => {
    const lines = text.split('\n');
    const rules = lines.flatMap((line, i) => (line.startsWith('-A') ? [i] : []));
    for (const { at, how } of edits) {
      const i = rules[at % Math.max(1, rules.length)];
      if (i === undefined) continue;
      const line = lines[i] ?? '';
      if (how === 'drop') lines[i] = '';
      else if (how === 'flip')
        lines[i] = line.includes('-j DROP')
          ? line.replace('-j DROP', '-j ACCEPT')
          : line.replace(/-[jg] [A-Z].*$|-j \w+-\d$/, '-j DROP');
      else if (how === 'move')
        [lines[i], lines[i + 1]] = lines[i + 1]?.startsWith('-A')
          ? [lines[i + 1] ?? '', line]
          : [line, lines[i + 1] ?? ''];
      else
        lines[lines.indexOf('*filter') + 1 + (at % 3)] = (
          lines[lines.indexOf('*filter') + 1 + (at % 3)] ?? ''
        ).replace(/ACCEPT|DROP/, (found) => (found === 'DROP' ? 'ACCEPT' : 'DROP'));
    }
    return [text, lines.join('\n')] as const;
  });

function outcome({ verdict, with: answer, skb, connmark, chosen, noted }: RuleReplay): string {
  if (verdict !== 'accepted') return `${verdict} ${answer ?? ''}`;
  const { source, destination, sourcePort, destinationPort } = fieldsOf(skb);
  const has = (side: string): string | undefined => chosen.find((each) => each.startsWith(side));
  return [
    has('source') ?? `${source} ${sourcePort}`,
    has('destination') ?? `${destination} ${destinationPort}`,
    skb.mark,
    tosOf(skb),
    ttlOf(skb),
    skb.conntrack?.entry ? connmark : '',
    skb.conntrack?.state === 'UNTRACKED',
    ...noted,
  ].join(', ');
}

describe('compareTables', () => {
  it('finds all that differs and nothing else', { timeout: 300_000 }, () => {
    const seen = { same: 0, different: 0 };
    fc.assert(
      fc.property(edited, fc.array(packetChoice, { minLength: 6, maxLength: 6 }), ([one, other], choices) => {
        const rulesets = {
          before: parseSave(one, 'before', { family: 4 }).ruleset,
          after: parseSave(other, 'after', { family: 4 }).ruleset,
        };
        const tables = (side: 'before' | 'after') => createNet(rulesOnly([rulesets[side]], sets)).tables[4];
        const compared = compareTables(
          { tables: tables('before'), ipsets: sets },
          { tables: tables('after'), ipsets: sets },
        );
        for (const { way, space, differences: own, undecided, contexts } of compared) {
          expect(undecided).toBeUndefined();
          const forcingOf = (side: 'before' | 'after') =>
            new Forcing(rulesets[side], space, (rule) => ({
              ...contexts[side],
              backend: rulesets[side].backend,
              instance: contexts[side].instance(rule),
            }));
          const forcing = { before: forcingOf('before'), after: forcingOf('after') };
          const replay = (side: 'before' | 'after', sample: ReturnType<typeof samplePacket>) =>
            outcome(replayRules(rulesOnly([forcing[side].rulesetFor(sample)], sets), space, sample, way));
          const samples = [
            ...choices.map((choice) => samplePacket(space, choice)),
            ...own.flatMap(({ node }) => sampleOf(space, node) ?? []),
          ];
          for (const sample of samples) {
            const [from, to] = sample.values.addresses;
            if (from === to) continue;
            const [before, after] = [replay('before', sample), replay('after', sample)];
            const found = own.filter(({ node }) => space.bdd.holds(node, sample.bit));
            seen[before === after ? 'same' : 'different']++;
            const shown = () =>
              `${one}\n----\n${other}\n${way}\n${before}\n${after}\n${JSON.stringify(sample.values, (_, v) => (typeof v === 'bigint' ? String(v) : v))} ${JSON.stringify(found, (key, v) => (key === 'place' ? `${v?.chain?.name} ${v?.number}` : v))}`;
            expect(found.length, shown()).toBe(before === after ? 0 : 1);
          }
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(Math.min(seen.same, seen.different)).toBeGreaterThan(RUNS / 4);
  });
});

async function snapshotOf(rules: string): Promise<Snapshot> {
  const files = [{ name: 'host.rules', bytes: Buffer.from(rules) }];
  return buildSnapshot(await resolveFiles('state', files)).snapshot;
}

describe('diffSnapshots', () => {
  it('says what is too much for it, and tells the rest', async () => {
    // No two rules ask the same of the same addresses: of what all of them leave there is no short description.
    const rules = Array.from({ length: 600 }, (_, i) => {
      const part = (factor: number): number => Math.imul(i + 1, factor) >>> 0;
      const [source, destination] = [part(0x9e3779b1), part(0x85ebca6b)].map(
        (word) => `${(word >>> 24) % 200}.${(word >>> 16) & 255}.${(word >>> 8) & 255}`,
      );
      const from = i % 3 === 0 ? '' : `-s ${source}.0/24 `;
      return `-A FORWARD ${from}-d ${destination}.9/32 -j ${i % 2 ? 'ACCEPT' : 'DROP'}`;
    });
    const text = (input: string, forward: string) =>
      `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${forward} [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ${input}\n${rules.join('\n')}\nCOMMIT\n`;
    const report = diffSnapshots(
      await snapshotOf(text('ACCEPT', 'ACCEPT')),
      await snapshotOf(text('DROP', 'DROP')),
      { names: { before: 'before', after: 'after' }, limits: { nodes: 100_000, steps: 1e9 } },
    );
    expect(report.undecided).toMatchObject([{ way: 'forwarded', why: 'more than 100000 nodes are needed' }]);
    expect(report.classes).toMatchObject([{ way: 'received', confirmed: true }]);
    expect(report.equal).toBe(false);
  });
});

describe('commonLines', () => {
  it('finds as many as there are', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const partner = commonLines(left, right);
        const pairs = [...partner.entries()].filter(([, at]) => at >= 0);
        for (const [i, at] of pairs) expect(left[i]).toBe(right[at]);
        const places = pairs.map(([, at]) => at);
        expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b));
        const longest = left.map(() => right.map(() => 0));
        const length = (i: number, j: number): number => (i < 0 || j < 0 ? 0 : (longest[i]?.[j] ?? 0));
        for (const [i, a] of left.entries())
          for (const [j, b] of right.entries())
            (longest[i] as number[])[j] =
              a === b ? length(i - 1, j - 1) + 1 : Math.max(length(i - 1, j), length(i, j - 1));
        expect(pairs.length).toBe(length(left.length - 1, right.length - 1));
      }),
    );
  });
});
