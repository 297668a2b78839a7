import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../src/skb/layout.ts';
import type { Skb } from '../../src/skb/skb.ts';
import type { MatchContext, MatchState, NamespaceView } from '../../src/xtables/context.ts';
import { matchRule } from '../../src/xtables/evaluate.ts';
import { parseSave } from '../../src/xtables/parse.ts';

/** What a real kernel counted, recorded by kernel/record.py: every rule's packets, over random packets on lo. */
interface Run {
  readonly family: 4 | 6;
  readonly backend: 'nft' | 'legacy';
  readonly rules: readonly string[];
  readonly packets: readonly (readonly [number, string])[];
}

const namespace: NamespaceView = {
  hasAddressType: (ip, types) =>
    types.includes(typeof ip === 'bigint' || ip >>> 24 === 127 ? 'LOCAL' : 'UNICAST'),
  deviceGroup: () => 0,
  realms: () => 0,
  reversePath: () => true,
  setContains: () => ({ why: 'no sets here' }),
  connections: () => [],
  sysctl: () => undefined,
};

function skbOf(hex: string, time: number): Skb {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  const layout = layoutOf(bytes);
  if (!layout) throw new Error(`no packet: ${hex}`);
  return {
    ...layout,
    bytes,
    mark: 0,
    priority: 0,
    packetType: 'host',
    vlans: [],
    out: 'lo',
    time,
    owner: { uid: 0, gid: 0 },
    local: true,
  };
}

function count(run: Run): Map<string, string> {
  const text = ['*mangle', ':foo - [0:0]', ...run.rules, 'COMMIT'].join('\n');
  const { ruleset, issues } = parseSave(text, 'run', { family: run.family, backend: run.backend });
  expect(issues).toEqual([]);
  const rules = ruleset.tables.get('mangle')?.chains.get('foo')?.rules ?? [];
  const state: MatchState = { rule: new Map(), shared: new Map() };
  const hits = rules.map(() => 0);
  for (const [time, hex] of run.packets) {
    const skb = skbOf(hex, time);
    for (const [i, rule] of rules.entries()) {
      const ctx: MatchContext = {
        skb,
        hook: 'OUTPUT',
        table: 'mangle',
        rule,
        backend: run.backend,
        namespace,
        state,
        hotdrop: false,
      };
      const result = matchRule(rule, ctx);
      expect(result, rule.text).toBeTypeOf('boolean');
      if (result === true) hits[i] = (hits[i] ?? 0) + 1;
      if (ctx.hotdrop) break;
    }
  }
  return new Map(rules.map((rule, i) => [rule.text, `kernel ${rule.counters?.packets} model ${hits[i]}`]));
}

describe.each([
  [4, 'legacy'],
  [4, 'nft'],
  [6, 'legacy'],
  [6, 'nft'],
] as const)('IPv%i, %s backend', (family, backend) => {
  const run = JSON.parse(readFileSync(`test/xtables/kernel/run-${family}-${backend}.json`, 'utf8')) as Run;

  it('counts every rule as the kernel did', () => {
    const wrong = [...count(run)].filter(([, text]) => !/^kernel (\d+) model \1$/.test(text));
    expect(wrong).toEqual([]);
    expect(run.rules.length).toBeGreaterThan(100);
    expect(run.packets.length).toBeGreaterThan(100);
  });
});
