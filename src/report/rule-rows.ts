/** Every rule and policy that a packet met on its way, which of them decided, and which nearly did: for any reporter. */
import type { Finding } from '../diagnose/finding.ts';
import type { NearRule } from '../diagnose/near-rules.ts';
import type { DecidingStep, Hop, Step } from '../netstack/hop.ts';
import type { AnalysisFlow } from './analysis.ts';

export interface RuleRow {
  readonly namespace: string;
  readonly hook: string;
  /** `filter FORWARD 3`, `inet firewall forward 2`. */
  readonly name: string;
  readonly text: string;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  /** The one that the finding blames. */
  readonly isDeciding: boolean;
  /** It would have accepted the packet but for one condition. */
  readonly near?: NearRule;
}

interface Met {
  readonly namespace: string;
  readonly step: DecidingStep;
  readonly isDeciding: boolean;
}

/** Of a packet's way, copies left out; in the order in which the kernel asks them. */
export function ruleRows({ predicted, nearRules = [] }: AnalysisFlow, finding: Finding): RuleRow[] {
  const met = rulesMet(predicted, finding);
  const placeOf = places(met);
  const rows: RuleRow[] = [];
  let waiting = nearRules.map((near) => ({ near, place: placeOf(near) })).toSorted(byPlace);
  for (const one of met) {
    const place = placeOf({ namespace: one.namespace, ...one.step });
    const due = waiting.filter((each) => isSameWalk(each.near, one) && compare(each.place, place) < 0);
    rows.push(...due.map(({ near }) => nearRow(near)), metRow(one));
    waiting = waiting.filter((each) => !due.includes(each));
  }
  return rows;
}

/** Where a rule stands in the walk through a hook's chains: the numbers of the jumps that lead there, then its own. */
type Place = readonly number[];

type Placed = Pick<NearRule, 'namespace' | 'hook' | 'family' | 'table' | 'chain'> & {
  readonly number?: number;
};

function places(met: readonly Met[]): (rule: Placed) => Place {
  const jumps = new Map<string, Place>();
  const keyOf = ({ namespace, hook, family, table }: Placed, chain: string) =>
    JSON.stringify([namespace, hook, family, table, chain]);
  // What has no number is a policy, the end of its chain.
  const placeOf = (rule: Placed): Place => [
    ...(jumps.get(keyOf(rule, rule.chain)) ?? []),
    rule.number ?? Number.POSITIVE_INFINITY,
  ];
  for (const { namespace, step } of met) {
    const target = jumpOf(step);
    if (target === undefined) continue;
    const rule = { namespace, ...step };
    const key = keyOf(rule, target);
    if (!jumps.has(key)) jumps.set(key, placeOf(rule));
  }
  return placeOf;
}

function jumpOf(step: DecidingStep): string | undefined {
  if (step.kind === 'rule') return step.target;
  return step.kind === 'nft-rule' ? /^(?:jump|goto) (.+)$/.exec(step.verdict)?.[1] : undefined;
}

/** A jump comes before what it leads to. */
function compare(left: Place, right: Place): number {
  const at = left.findIndex((number, index) => number !== right[index]);
  if (at < 0) return left.length - right.length;
  return right[at] === undefined ? 1 : (left[at] as number) - right[at];
}

function byPlace(left: { readonly place: Place }, right: { readonly place: Place }): number {
  return compare(left.place, right.place);
}

function isSameWalk(near: NearRule, { namespace, step }: Met): boolean {
  const family = 'family' in step ? step.family : undefined;
  return (
    near.namespace === namespace &&
    near.hook === step.hook &&
    near.table === step.table &&
    near.family === family
  );
}

function metRow({ namespace, step, isDeciding }: Met): RuleRow {
  const { hook, path, line } = step;
  return { namespace, hook, name: ruleName(step), text: ruleText(step), path, line, isDeciding };
}

function nearRow(near: NearRule): RuleRow {
  const { namespace, hook, text, path, line } = near;
  return { namespace, hook, name: nearName(near), text, path, line, isDeciding: false, near };
}

/** `filter FORWARD 3`, `inet firewall forward 2`. */
function nearName({ family, table, chain, number }: NearRule): string {
  return `${family === undefined ? '' : `${family} `}${table} ${chain} ${number}`;
}

/** `would have accepted it but for -i docker0: the packet comes in by eth0`, in three parts. */
export function nearWords({
  condition,
  instead,
}: NearRule): readonly [before: string, condition: string, after: string] {
  return ['would have accepted it but for ', condition, `: ${instead}`];
}

function rulesMet(hops: readonly Hop[], { rule }: Finding): Met[] {
  return hops
    .filter(({ copy }) => !copy)
    .flatMap(({ namespace, steps }) => {
      const isDeath = steps.some(({ kind }) => kind === 'drop');
      const last = steps.findLast(isRuleStep);
      return steps.filter(isRuleStep).map((step) => ({
        namespace,
        step,
        isDeciding: rule
          ? step.path === rule.path && step.line === rule.line
          : isDeath && step === last && isFatal(step),
      }));
    });
}

function isRuleStep(step: Step): step is DecidingStep {
  return (
    step.kind === 'rule' || step.kind === 'policy' || step.kind === 'nft-rule' || step.kind === 'nft-policy'
  );
}

function isFatal(step: DecidingStep): boolean {
  if (step.kind === 'rule') return step.target === 'DROP' || step.target === 'REJECT';
  return step.verdict.toLowerCase() === 'drop';
}

function ruleName(step: DecidingStep): string {
  const family = 'family' in step ? `${step.family} ` : '';
  const number = 'number' in step && step.number > 0 ? ` ${step.number}` : '';
  return `${family}${step.table} ${step.chain}${number}`;
}

function ruleText(step: DecidingStep): string {
  return 'text' in step ? step.text : `policy ${step.verdict}`;
}
