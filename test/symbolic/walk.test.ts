/** A walk of all packets at once says of each what the kernel model says of it alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Forcing } from '../../src/difference/forced.ts';
import { replayRules, rulesOnly } from '../../src/difference/rule-replay.ts';
import { createNet } from '../../src/netstack/net.ts';
import { fieldsOf } from '../../src/skb/fields.ts';
import { WAYS, walkWay } from '../../src/symbolic/path.ts';
import { Space } from '../../src/symbolic/space.ts';
import type { Vector } from '../../src/symbolic/vector.ts';
import { Walker } from '../../src/symbolic/walk.ts';
import { tosOf, ttlOf } from '../../src/xtables/packet.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { Rule } from '../../src/xtables/rule.ts';
import { packetChoice, rulesetText, SETS, samplePacket } from './rules.ts';
import { parseIpset } from './sets.ts';

const sets = parseIpset(SETS);

/** Rulesets; of each some packets are tried. */
const RUNS = Number(process.env.RULESETS ?? 24);

describe('Walker', () => {
  it('decides every packet as the model does', { timeout: 300_000 }, () => {
    let stopped = 0;
    let accepted = 0;
    fc.assert(
      fc.property(
        rulesetText,
        fc.array(packetChoice, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...WAYS),
        (text, choices, way) => {
          const { ruleset } = parseSave(text, 'rules', { family: 4 });
          const netns = rulesOnly([ruleset], sets);
          const tables = createNet(netns).tables[4];
          const space = new Space({ family: 4, rulesets: [ruleset], fragments: !tables.tracks });
          const numbers = new Map<Rule, string>();
          for (const table of ruleset.tables.values())
            for (const chain of table.chains.values())
              for (const [i, rule] of chain.rules.entries())
                numbers.set(rule, `${table.name} ${chain.name} ${i}`);
          const context = {
            space,
            set: (name: string) => sets.find((set) => set.name === name),
            changes: () => false,
            instance: (rule: Rule) => numbers.get(rule) ?? '?',
          };
          const walker = new Walker(context);
          const left = walkWay(walker, tables, way, space.domain);
          for (const choice of choices) {
            const sample = samplePacket(space, choice);
            const forced = new Forcing(ruleset, space, (rule) => ({
              ...context,
              backend: ruleset.backend,
              instance: context.instance(rule),
            })).rulesetFor(sample);
            const replayed = replayRules(rulesOnly([forced], sets), space, sample, way);
            const shown = () =>
              `${text}\n${way} ${JSON.stringify(sample.values, (_, v) => (typeof v === 'bigint' ? String(v) : v))}\n${JSON.stringify(replayed.steps.map(({ step }) => step))}`;
            const ends = walker.ends.filter(({ reach, set }) =>
              space.bdd.holds(space.bdd.and(reach, set), sample.bit),
            );
            const goesOn = space.bdd.holds(left, sample.bit);
            expect(ends.length + (goesOn ? 1 : 0), shown()).toBe(1);
            const [end] = ends;
            const found = end
              ? { drop: 'dropped', reject: 'rejected', queue: 'queued', stop: 'stopped' }[end.kind]
              : 'accepted';
            expect(found, shown()).toBe(replayed.verdict);
            if (end) {
              stopped++;
              const last = replayed.steps.at(-1)?.step;
              if (!end.place) continue;
              expect([end.place.chain.name, end.place.number], shown()).toEqual([
                last?.chain,
                last?.kind === 'rule' ? last.number : 0,
              ]);
              continue;
            }
            accepted++;
            const { skb } = replayed;
            const value = (bits: Vector): bigint =>
              bits.reduce((sum, bit) => sum * 2n + (space.bdd.holds(bit, sample.bit) ? 1n : 0n), 0n);
            const fields = fieldsOf(skb);
            const { state } = walker;
            expect(value(state.field('source')), shown()).toBe(BigInt(fields.source));
            expect(value(state.field('destination')), shown()).toBe(BigInt(fields.destination));
            if (fields.destinationPort !== undefined && (skb.protocol === 6 || skb.protocol === 17)) {
              expect(value(state.field('destinationPort')), shown()).toBe(BigInt(fields.destinationPort));
              expect(value(state.field('sourcePort')), shown()).toBe(BigInt(fields.sourcePort ?? 0));
            }
            expect(value(state.field('mark')), shown()).toBe(BigInt(skb.mark));
            expect(value(state.field('ttl')), shown()).toBe(BigInt(ttlOf(skb)));
            expect(value(state.field('tos')), shown()).toBe(BigInt(tosOf(skb)));
            if (skb.conntrack?.entry)
              expect(value(state.field('connmark')), shown()).toBe(BigInt(replayed.connmark));
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(Math.min(stopped, accepted)).toBeGreaterThan(10);
  });
});
