/** Which rule translated: by the model of the flow itself, or of one that was translated alike. */
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Case } from '../../diagnose/case.ts';
import { formatIp } from '../../net/ip.ts';
import type { Step } from '../../netstack/hop.ts';
import { type NatNaming, type Translation, translationsOf } from './rewritings.ts';

type Rule = Extract<Step, { kind: 'rule' | 'nft-rule' }>;

export function namingOf(kase: Case): NatNaming {
  return ({ manip, to }) => ruleText(ruleOf(kase, manip, formatIp(to.address)));
}

/** For flows that were counted: what was done alike to one that was looked at. Nothing where two rules did it. */
export function namingByOthers({ flows, scene }: AnalyzeResult): NatNaming {
  const known = new Map<string, string>();
  // Only for those: the others have their own.
  for (const { kase, flow } of scene.correlation.counted ? flows : []) {
    for (const each of translationsOf(flow)) {
      const rule = ruleText(ruleOf(kase, each.manip, formatIp(each.to.address)));
      const key = keyOf(each);
      const before = known.get(key);
      if (before === undefined) known.set(key, rule);
      else if (before !== rule) known.set(key, '');
    }
  }
  return (each) => known.get(keyOf(each)) ?? '';
}

/** A source's port is chosen anew for each flow, a destination's belongs to the service. */
function keyOf({ protocol, manip, from, to, before, point }: Translation): string {
  const ends = [from, to].map(({ address, port }) => `${address} ${manip === 'dst' ? port : ''}`);
  return [protocol, manip, before, point, ...ends].join(' ');
}

function ruleOf(kase: Case, manip: 'src' | 'dst', to: string): Rule | undefined {
  for (const { steps } of kase.prediction?.there.hops ?? []) {
    let rule: Rule | undefined;
    for (const step of steps) {
      if (step.kind === 'rule' && step.table === 'nat') rule = step;
      else if (step.kind === 'nft-rule') rule = step;
      else if (step.kind === 'nat' && step.manip === manip && step.to.includes(to)) return rule;
    }
  }
  return undefined;
}

function ruleText(rule: Rule | undefined): string {
  if (!rule) return '';
  const table = rule.kind === 'nft-rule' ? `${rule.family} ${rule.table}` : rule.table;
  const place = rule.path === undefined ? '' : ` (${rule.path}${rule.line ? `:${rule.line}` : ''})`;
  return ` by ${table} ${rule.chain} rule ${rule.number}${place} ${rule.text}`;
}
