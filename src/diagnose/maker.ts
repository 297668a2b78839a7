/** Who made the rule that decided, so that a repair can be made where it lasts. */
import type { DecidingStep } from '../netstack/hop.ts';
import { type Chains, type Maker, makerOf } from '../topology/makers.ts';
import type { Table } from '../xtables/rule.ts';
import { type Case, type ModelDrop, netnsOf } from './case.ts';
import { lastingRepair } from './lasting.ts';

/** Undefined where nobody is known by its names; of a base chain's policy nobody is. */
export function makerOfStep(step: DecidingStep | undefined, chains?: Chains): Maker | undefined {
  if (!step) return undefined;
  if (step.kind === 'policy') return undefined;
  const table = 'family' in step ? step.table : undefined;
  const text = 'text' in step ? step.text : '';
  return makerOf({ ...(table !== undefined && { table }), chain: step.chain, text, chains });
}

/** Docker's own rules and those of its users have pages that say more. */
const TOLD = new Set(['docker', 'docker-user']);

/** ` (made by ufw)`, behind the rule's place; nothing where the finding's cause says it already. */
export function madeBy(step: DecidingStep | undefined): string {
  const maker = makerOfStep(step);
  return maker && !TOLD.has(maker.id) ? ` (made by ${maker.name})` : '';
}

export interface MakersWords {
  /** For the end of the explanation. */
  readonly explanation: string;
  /** For the end of the fix's effect. */
  readonly effect: string;
}

/** That the rule is written anew, and what keeps; undefined where a command by hand is as good as any. */
export function makersWords(kase: Case, drop: ModelDrop): MakersWords | undefined {
  const { rule } = drop.trace;
  if (rule?.kind === 'policy') return policyWords(kase, drop, rule.chain);
  const maker = makerOfStep(rule, chainsBeside(kase, drop));
  if (!rule || !maker || TOLD.has(maker.id)) return undefined;
  return {
    explanation: `That rule is made by ${maker.name} and written anew ${maker.rewrites}: what is changed there by hand lasts until then.`,
    effect: lasting(kase, drop, maker.id),
  };
}

/** A base chain that leads to ufw's chains has the policy that /etc/default/ufw says. */
function policyWords(kase: Case, drop: ModelDrop, chain: string): MakersWords | undefined {
  const rules = tableOf(kase, drop)?.chains.get(chain)?.rules ?? [];
  const jumps = rules.some(({ target }) => target?.kind === 'jump' && /^ufw6?-/.test(target.chain));
  if (!jumps) return undefined;
  const also =
    chain === 'FORWARD' && rules.some(({ text }) => text.includes('DOCKER')) ? ', as Docker may' : '';
  return {
    explanation: `ufw sets that policy (DEFAULT_${chain}_POLICY in /etc/default/ufw)${also}, and its own rules are asked before it.`,
    effect: lasting(kase, drop, 'ufw'),
  };
}

function lasting(kase: Case, drop: ModelDrop, maker: string): string {
  const keeps = lastingRepair(kase, drop, maker);
  return keeps === undefined ? '' : `To last: ${keeps}.`;
}

function chainsBeside(kase: Case, drop: ModelDrop): Chains | undefined {
  return tableOf(kase, drop)?.chains;
}

function tableOf(kase: Case, drop: ModelDrop): Table | undefined {
  const { rule } = drop.trace;
  if (rule?.kind !== 'rule' && rule?.kind !== 'policy') return undefined;
  const netns = netnsOf(kase, drop.namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.find(({ path }) => rule.path === undefined || path === rule.path)?.tables.get(rule.table);
}
