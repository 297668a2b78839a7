/** save_rule() and print_match_save() of iptables: rules and rulesets the way iptables-save prints them. */
import type { Family } from '../net/ip.ts';
import { isUnparsed } from './extension.ts';
import { findMatch } from './matches.ts';
import { savedProtocol } from './names/protocols.ts';
import type {
  AddressMatch,
  Chain,
  Counters,
  InterfaceMatch,
  MatchUse,
  Rule,
  Ruleset,
  TargetUse,
} from './rule.ts';
import { findTarget } from './targets.ts';
import { bare } from './tokens.ts';
import { formatAddressMask } from './values/address.ts';

/** The built-in conditions, one by one; each gives its words without a leading space. */
export const printOption = {
  address: (option: '-s' | '-d', match: AddressMatch): string =>
    `${match.invert ? '! ' : ''}${option} ${formatAddressMask(match)}`,
  interface: (option: '-i' | '-o', match: InterfaceMatch): string =>
    `${match.invert ? '! ' : ''}${option} ${bare(match.name + (match.wildcard ? '+' : ''))}`,
  protocol: savedProtocol,
};

/** The rule without `-A CHAIN`. */
export function printSpec(rule: Rule, family: Family): string {
  // Words that nothing explains come first: behind -p or -m they might be taken for something.
  const lost = rule.matches.filter((match) => match.name === '');
  const parts = lost.flatMap((match) => printMatch(match, family));
  if (rule.source) parts.push(printOption.address('-s', rule.source));
  if (rule.destination) parts.push(printOption.address('-d', rule.destination));
  if (rule.in) parts.push(printOption.interface('-i', rule.in));
  if (rule.out) parts.push(printOption.interface('-o', rule.out));
  if (rule.protocol) {
    parts.push(`${rule.protocol.invert ? '! ' : ''}-p ${savedProtocol(rule.protocol.protocol)}`);
  }
  if (rule.fragment) parts.push(`${rule.fragment.invert ? '! ' : ''}-f`);
  for (const match of rule.matches) if (match.name !== '') parts.push(...printMatch(match, family));
  if (rule.target) parts.push(...printTarget(rule.target, family));
  return parts.join(' ');
}

export function printMatch(match: MatchUse, family: Family): string[] {
  const head = match.name === '' ? [] : [`-m ${bare(match.name)}`];
  if (isUnparsed(match.info)) return [...head, ...match.info.unparsed];
  return [...head, ...(findMatch(match.name, family)?.print(match.info, { family }) ?? [])];
}

export function printTarget(target: TargetUse, family: Family): string[] {
  if (target.kind === 'verdict') return [`-j ${target.verdict}`];
  if (target.kind !== 'extension') return [`${target.kind === 'jump' ? '-j' : '-g'} ${bare(target.chain)}`];
  const head = `-j ${bare(target.name)}`;
  if (isUnparsed(target.info)) return [head, ...target.info.unparsed];
  return [head, ...(findTarget(target.name, family)?.print(target.info, { family }) ?? [])];
}

/** `-A CHAIN …`, canonical. */
export function printRule(rule: Rule, family: Family, chain: string): string {
  const spec = printSpec(rule, family);
  return spec === '' ? `-A ${bare(chain)}` : `-A ${bare(chain)} ${spec}`;
}

export interface PrintOptions {
  /** As `iptables-save -c`: `[packets:bytes]` before every rule, and the policies' own. */
  readonly counters?: boolean;
}

/** The whole ruleset without comment lines; counters of policies print as [0:0] unless they are asked for. */
export function printRuleset(ruleset: Ruleset, options: PrintOptions = {}): string {
  const lines: string[] = [];
  const shown = (counters: Readonly<Counters> | undefined): string =>
    options.counters ? `[${counters?.packets ?? 0}:${counters?.bytes ?? 0}]` : '[0:0]';
  for (const table of ruleset.tables.values()) {
    lines.push(`*${table.name}`);
    const chains = [...table.chains.values()];
    for (const chain of chains) lines.push(`:${chain.name} ${policyOf(chain)} ${shown(chain.counters)}`);
    for (const chain of chains) {
      for (const rule of chain.rules) {
        const line = printRule(rule, ruleset.family, chain.name);
        lines.push(options.counters ? `${shown(rule.counters)} ${line}` : line);
      }
    }
    lines.push('COMMIT');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function policyOf(chain: Chain): string {
  return chain.policy ?? '-';
}
