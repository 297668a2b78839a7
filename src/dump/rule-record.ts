/** What the text and the JSON form of `ip rule` share. */
import { type Family, familyOf } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { parseDsfield } from './dsfield.ts';
import { parseNumber } from './fields.ts';
import type { IpRule } from './records.ts';
import { familyOfCommand } from './route-record.ts';

/** A rule before its family is settled; `all` says nothing of it. */
export type RuleDraft = { -readonly [K in keyof Omit<IpRule, 'family' | 'unsupported'>]: IpRule[K] } & {
  unsupported?: string[];
};

/** inet_proto_a2n(): a name, a number, or `ipproto-58`. */
export function parseProtocol(word: string): number | undefined {
  const number = parseNumber(word.replace(/^ipproto-/, ''));
  if (number !== undefined) return number;
  if (word === 'icmpv6') return PROTOCOL['ipv6-icmp'];
  return new Map<string, number>(Object.entries(PROTOCOL)).get(word);
}

/** `dscp CS1` or `dscp 8`, with `/0x3f` behind it when not all bits count; without the ECN bits. */
export function parseDscp(text: string): { value: number; mask: number } | undefined {
  const [word = '', maskText] = text.split('/');
  const number = parseNumber(word);
  const named = number === undefined ? parseDsfield(word) : undefined;
  const value = number ?? (named === undefined ? undefined : named >> 2);
  const mask = maskText === undefined ? 0x3f : parseNumber(maskText);
  return value === undefined || mask === undefined ? undefined : { value, mask };
}

/**
 * The family of a list of rules, which the command doesn't print: an address tells it; then what was asked for; then IPv4's
 * default table, which IPv6 has no rule for (fib_default_rules_init(), fib6_rules_net_init()).
 */
export function settleRules(
  drafts: readonly RuleDraft[],
  command: string | undefined,
  family: Family | undefined,
): { rules: IpRule[]; family: Family } {
  let told: Family | undefined;
  for (const draft of drafts) {
    const address = draft.source?.address ?? draft.destination?.address;
    if (address !== undefined) told ??= familyOf(address);
  }
  const settled =
    told ??
    familyOfCommand(command) ??
    family ??
    (command === undefined && lacksDefaultTable(drafts) ? 6 : 4);
  return { rules: drafts.map((draft) => ({ family: settled, ...draft })), family: settled };
}

function lacksDefaultTable(drafts: readonly RuleDraft[]): boolean {
  const looksUp = (table: string) =>
    drafts.some(({ action }) => action.kind === 'lookup' && action.table === table);
  return looksUp('local') && looksUp('main') && !looksUp('default');
}
