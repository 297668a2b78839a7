/** Rules as `nft list ruleset` prints them, with or without the state that -s leaves out. */
import type { NftChain, NftFamily, NftRule } from '../ruleset.ts';
import { printStatement } from './statement.ts';

export interface PrintContext {
  readonly family: NftFamily;
  /** Of the table, for `jump { … }`. */
  readonly chains: ReadonlyMap<string, NftChain>;
  /** Counters, used quotas and times left are printed. */
  readonly stateful: boolean;
  /** Chains inside of rules that this is in. */
  readonly depth?: number;
}

/** Without handle; `comment` comes last. */
export function printRule(rule: Pick<NftRule, 'statements' | 'comment'>, ctx: PrintContext): string {
  const words = rule.statements.map((statement) => printStatement(statement, ctx));
  if (rule.comment !== undefined) words.push(`comment "${rule.comment}"`);
  return words.join(' ');
}
