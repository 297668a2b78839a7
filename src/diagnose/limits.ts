/** Rules that let some of the traffic through and stop the rest: limits of rate, number or share. */
import type { Step } from '../netstack/hop.ts';
import type { Rule } from '../xtables/rule.ts';
import { type Case, netnsOf } from './case.ts';

/** Matches whose outcome hangs on what came before. */
export const LIMITED = /-m (?:limit|hashlimit|connlimit|quota|recent|statistic)\b/;

export interface LimitingRule {
  readonly namespace: string;
  readonly table: Extract<Step, { kind: 'rule' }>['table'];
  readonly chain: string;
  /** From 1 in its chain. */
  readonly number: number;
  readonly rule: Rule;
  readonly path: string;
  /** It stops what exceeds it by itself; otherwise it accepts what doesn't. */
  readonly stops: boolean;
}

/**
 * On the way of a flow that gets through by the model: a limited rule that accepts it, or one in front of the rule that does, in the
 * same chain, which stops what exceeds it.
 */
export function limitsOnTheWay(kase: Case): LimitingRule[] {
  const { prediction, flow } = kase;
  return (prediction?.there.hops ?? []).flatMap(({ namespace, steps }) => {
    const netns = netnsOf(kase, namespace);
    const rulesets = (flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
    return steps.flatMap((step) => {
      if (step.kind !== 'rule' || step.target !== 'ACCEPT') return [];
      const ruleset = rulesets.find(({ path }) => step.path === undefined || path === step.path);
      const rules = ruleset?.tables.get(step.table)?.chains.get(step.chain)?.rules ?? [];
      return rules.slice(0, step.number).flatMap((rule, at): LimitingRule[] => {
        const accepts = at === step.number - 1;
        const stops = /-j (?:DROP|REJECT)\b/.test(rule.text) && mayBe(rule, flow.protocol);
        if (!ruleset || !LIMITED.test(rule.text) || (!accepts && !stops)) return [];
        const { table, chain } = step;
        return [{ namespace, table, chain, number: at + 1, rule, path: ruleset.path, stops: !accepts }];
      });
    });
  });
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, 'ipv6-icmp': 58, sctp: 132 };

/** Not for another protocol. */
function mayBe({ text }: Rule, protocol: number): boolean {
  const named = /(?<!! )-p (\S+)/.exec(text)?.[1];
  return named === undefined || (PROTOCOLS[named] ?? protocol) === protocol;
}
