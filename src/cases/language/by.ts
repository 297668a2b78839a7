/** Who decided: a rule or policy, a kernel setting, or a cause of the catalogue, as `by` names it. */
import { nearest } from '../../base/nearest.ts';
import { CAUSES } from '../../diagnose/causes.ts';
import type { NftFamily } from '../../nft/ruleset.ts';
import { TABLES } from '../../xtables/rule.ts';
import { faultAt, quote, type WordReader } from './words.ts';

export type By =
  | {
      readonly kind: 'rule';
      /** Of an nft chain that iptables doesn't show. */
      readonly family?: NftFamily;
      readonly table: string;
      readonly chain: string;
      /** From 1 in its chain; without it any rule of the chain, and its policy. */
      readonly number?: number | 'policy';
      /** A part of the rule's text, such as its comment. */
      readonly text?: string;
    }
  | { readonly kind: 'sysctl'; readonly name: string }
  | { readonly kind: 'cause'; readonly id: string };

const FAMILIES: readonly string[] = ['ip', 'ip6', 'inet', 'bridge', 'netdev', 'arp'] satisfies NftFamily[];
const FORMS =
  'Such as `by filter FORWARD 3`, `by filter FORWARD policy`, `by filter INPUT "a part of the rule"`, `by inet fw forward 2` (nft), ' +
  '`by net.ipv4.ip_forward`, or a cause of `nettrace explain`.';

/** Behind the word `by`. */
export function readBy(words: WordReader): By {
  const first = words.need('who decides', FORMS);
  if (/^net\./.test(first.text)) return { kind: 'sysctl', name: first.text };
  if (CAUSES.some(({ id }) => id === first.text)) return { kind: 'cause', id: first.text };
  const isFamily = FAMILIES.includes(first.text);
  if (!isFamily && !TABLES.some((table) => table === first.text)) {
    const near = nearest(first.text, [...TABLES, ...FAMILIES, ...CAUSES.map(({ id }) => id)]);
    const guess = near === undefined ? '' : `Did you mean ${near}? `;
    throw faultAt(first, `${quote(first.text)} is no table, setting or cause`, `${guess}${FORMS}`);
  }
  const table = isFamily ? words.need('the table', FORMS).text : first.text;
  const chain = words.need('the chain', FORMS).text;
  const of = { kind: 'rule', ...(isFamily && { family: first.text as NftFamily }), table, chain } as const;
  const next = words.peek();
  if (next?.quoted) return { ...of, text: words.need('text').text };
  if (words.take('policy')) return { ...of, number: 'policy' };
  const hasWord = words.take('rule');
  const number = words.peek();
  if (number && /^[1-9]\d*$/.test(number.text)) {
    words.next();
    return { ...of, number: Number(number.text) };
  }
  if (hasWord)
    throw faultAt(words.need('the number of the rule'), 'here belongs the number of the rule', FORMS);
  return of;
}

export function printBy(by: By): string {
  if (by.kind === 'sysctl') return by.name;
  if (by.kind === 'cause') return by.id;
  const { family, table, chain, number, text } = by;
  const parts = [family, table, chain, number, text === undefined ? undefined : `"${text}"`];
  return parts.filter((part) => part !== undefined).join(' ');
}
