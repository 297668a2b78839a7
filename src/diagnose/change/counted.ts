/** Counters of one thing in two dumps: what they grew by is what happened between the two. */
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Rule, Ruleset } from '../../xtables/rule.ts';
import type { HostState } from '../case.ts';
import type { Difference } from './change.ts';
import { clockTime } from './words.ts';

/** Kernel counters of packets that were thrown away or could not be sent. */
const TELLING =
  /Drop|Discard|NoRoutes|InAddrErrors|OutNoRoutes|Overflow|RPFilter|FragFails|CsumErrors|ReqQFull|insert_failed/;
const SHOWN = 6;

/** Rules and policies that drop or refuse, and counters of losses, which grew between two states. */
export function countedBetween(before: HostState, after: HostState): Difference[] {
  const span = spanText(before, after);
  const found = [...after.scene.snapshot.namespaces].flatMap(([name, now]) => {
    const was = before.scene.snapshot.namespaces.get(name);
    return was ? [...ruleCounts(was, now, span), ...kernelCounts(was, now, span)] : [];
  });
  return found.slice(0, SHOWN);
}

function spanText(before: HostState, after: HostState): string {
  return before.taken && after.taken
    ? `between the dumps of ${clockTime(before.taken.first).slice(0, 8)} and ${clockTime(after.taken.last).slice(0, 8)}`
    : 'between the two dumps';
}

function ruleCounts(was: Netns, now: Netns, span: string): Difference[] {
  return (['rulesets4', 'rulesets6'] as const).flatMap((key) =>
    (now[key] ?? []).flatMap((ruleset) => {
      const old = was[key]?.find(({ backend }) => backend === ruleset.backend);
      return old && old.path !== ruleset.path ? grown(old, ruleset, now.name, span) : [];
    }),
  );
}

function grown(old: Ruleset, ruleset: Ruleset, namespace: string, span: string): Difference[] {
  const found: Difference[] = [];
  for (const [name, table] of ruleset.tables) {
    for (const [chainName, chain] of table.chains) {
      const other = old.tables.get(name)?.chains.get(chainName);
      if (!other) continue;
      const rows = [
        ...pairs(other.rules, chain.rules).map(([left, right]) => ({ left, right, text: right.text })),
        ...(chain.policy === 'DROP' && other.policy === 'DROP' && chain.span && other.span
          ? [
              {
                left: { counters: other.counters, span: other.span },
                right: { counters: chain.counters, span: chain.span },
                text: `-P ${chainName} DROP`,
              },
            ]
          : []),
      ];
      for (const { left, right, text } of rows) {
        const grew = (right.counters?.packets ?? 0) - (left.counters?.packets ?? 0);
        if (grew <= 0 || !/ -?-?(DROP|REJECT)\b/.test(text) || !left.counters) continue;
        found.push({
          shownBy: 'counters',
          text: `${namespace === 'host' ? '' : `${namespace}: `}${name} ${text} counted ${packets(grew)} ${span}`,
          evidence: [
            { ...left.span, text: `${left.counters.packets} packets` },
            { ...right.span, text: `${right.counters?.packets} packets` },
          ],
        });
      }
    }
  }
  return found;
}

/** Rules that both have, by their words, in order. */
function pairs(before: readonly Rule[], after: readonly Rule[]): [Rule, Rule][] {
  const left = [...before];
  return after.flatMap((rule): [Rule, Rule][] => {
    const index = left.findIndex(({ text }) => text === rule.text);
    const [same] = index < 0 ? [] : left.splice(index, 1);
    return same ? [[same, rule]] : [];
  });
}

function kernelCounts(was: Netns, now: Netns, span: string): Difference[] {
  return [...(now.counters ?? [])].flatMap(([name, counter]): Difference[] => {
    const old = was.counters?.get(name);
    // What was zero is left out of many dumps.
    const from = old?.value ?? (was.counters ? 0 : undefined);
    if (from === undefined || counter.value <= from || !TELLING.test(name)) return [];
    if (old && old.span.path === counter.span.path) return [];
    return [
      {
        shownBy: 'counters',
        text: `${now.name === 'host' ? '' : `${now.name}: `}${name} grew by ${counter.value - from} ${span}`,
        evidence: [
          ...(old ? [{ ...old.span, text: `${old.value}` }] : []),
          { ...counter.span, text: `${counter.value}` },
        ],
      },
    ];
  });
}

function packets(number: number): string {
  return `${number} packet${number === 1 ? '' : 's'}`;
}
