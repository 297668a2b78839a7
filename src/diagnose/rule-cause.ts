import type { Case, ModelDrop } from './case.ts';
import type { Cause, Command } from './cause.ts';
import { acceptInDockerUser, acceptInNft, selector } from './filter.ts';
import { madeBy } from './maker.ts';
import { isUndumped, modelCause } from './model-cause.ts';
import { capital, iptablesOf, nameOf } from './words.ts';

/** `filter FORWARD rule 3`, `the policy of filter FORWARD`; of nft tables `inet filter forward rule 3`; with its maker, if somebody's. */
export function rulePlace(drop: ModelDrop): string {
  const rule = drop.trace.rule;
  if (!rule) return 'a rule';
  const chain = `${'family' in rule ? `${rule.family} ` : ''}${rule.table} ${rule.chain}`;
  if (isUndumped(drop)) return `a rule of ${chain} that no dump has`;
  return rule.kind === 'rule' || rule.kind === 'nft-rule'
    ? `${chain} rule ${rule.number}${madeBy(rule)}`
    : `the policy of ${chain}${madeBy(rule)}`;
}

/** `the request`, `the answer`. */
export function whatDied(drop: ModelDrop): string {
  return drop.direction === 'forward' ? 'the request' : 'the answer';
}

/** Does the rule that dropped it read like this? */
export function ruleText(drop: ModelDrop): string {
  const rule = drop.trace.rule;
  return rule?.kind === 'rule' || rule?.kind === 'nft-rule' ? rule.text : '';
}

/** An ACCEPT for just this traffic in front of the rule that drops it; in its base chain, when a set of rules of somebody else does. */
export function acceptBefore(kase: Case, drop: ModelDrop): Command[] {
  const rule = drop.trace.rule;
  if (!rule) return [];
  if (rule.kind === 'nft-rule' || rule.kind === 'nft-policy') return [acceptInNft(drop, rule)];
  const user = acceptInDockerUser(kase, drop);
  if (user) return user;
  const table = rule.table === 'filter' ? '' : `-t ${rule.table} `;
  const at = rule.kind === 'rule' && !isUndumped(drop) ? ` ${rule.number}` : '';
  return [
    {
      namespace: drop.namespace,
      text: `${iptablesOf(kase, rule.path)} ${table}-I ${rule.chain}${at} ${selector(drop)} -j ACCEPT`,
    },
  ];
}

/** A drop by a rule whose purpose is known: the page of the catalogue says nearly everything. */
export interface RuleCauseSpec extends Omit<Cause, 'find' | 'severity'> {
  /** Stands between what died and the place: "the request *is kept apart by* filter DOCKER-ISOLATION-STAGE-2 rule 1". */
  readonly verb: string;
  /** What to do instead of making an exception. */
  readonly advice: string;
}

export function ruleCause({ verb, advice, ...cause }: RuleCauseSpec): Cause {
  return modelCause({
    ...cause,
    severity: 'error',
    tell(kase, drop) {
      const where = nameOf(kase, drop.namespace);
      return {
        title: `${where}: ${whatDied(drop)} ${verb} ${rulePlace(drop)}`,
        explanation: `${capital(whatDied(drop))} is dropped in ${where} by ${rulePlace(drop)}${ruleText(drop) ? ` ("${ruleText(drop)}")` : ''}. ${cause.page().mechanism}`,
        fix: acceptBefore(kase, drop),
        effect: advice,
      };
    },
  });
}
