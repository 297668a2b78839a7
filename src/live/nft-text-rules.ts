/** Rules of `nft -a list ruleset` as text, where nft prints no JSON; like save-rules.ts, line by line. */
import { priorityOf } from '../nft/priority.ts';
import { NFT_FAMILIES, type NftFamily } from '../nft/ruleset.ts';
import { type ChainForm, countersByLine, type RuleCounters, type RuleForm } from './rule-file.ts';

interface Draft {
  readonly family: NftFamily;
  readonly table: string;
  readonly chain: string;
  hook?: string;
  priority?: number;
  policy?: string;
  /** Lines, from 0. */
  readonly rules: number[];
  readonly jumps: Set<string>;
}

const TABLE = /^table (\w+) (\S+) \{/;
const CHAIN = /^\tchain (\S+) \{/;
const HOOK = /^type \w+ hook (\w+) .*?priority ([^;]+);(?: policy (\w+);)?/;
const COUNTER = /\bcounter packets (\d+) bytes (\d+)/;
const QUOTED = /"[^"]*"/g;

/** The place of a rule's counters is its line. */
export function nftTextForm(text: string): RuleForm {
  const lines = text.split('\n');
  const drafts: Draft[] = [];
  let table: Pick<Draft, 'family' | 'table'> | undefined;
  let chain: Draft | undefined;
  lines.forEach((line, at) => {
    const [, word, name = ''] = TABLE.exec(line) ?? [];
    const family = NFT_FAMILIES.find((each) => each === word);
    if (family) table = { family, table: name };
    const [, opened] = CHAIN.exec(line) ?? [];
    if (opened !== undefined && table) {
      chain = { ...table, chain: opened, rules: [], jumps: new Set() };
      drafts.push(chain);
    } else if (line === '\t}' || line === '}') chain = undefined;
    else if (chain) readLine(line.trim(), at, chain);
  });
  return { chains: drafts.map((draft) => chainOf(draft, lines)), slots: lines.length };
}

function readLine(line: string, at: number, chain: Draft): void {
  const [, hook, priority = '', policy = 'accept'] = HOOK.exec(line) ?? [];
  if (hook !== undefined) {
    Object.assign(chain, { hook, priority: numberOf(priority, chain.family), policy: policy.toUpperCase() });
    return;
  }
  if (line === '' || line.startsWith('comment ')) return;
  chain.rules.push(at);
  const bare = line.replace(QUOTED, '""');
  for (const [, target = ''] of bare.matchAll(/\b(?:jump|goto) ([^\s,}]+)/g)) chain.jumps.add(target);
}

/** `filter`, `dstnat - 5`, `-10`. */
function numberOf(text: string, family: NftFamily): number {
  const [, name, sign = '+', offset = '0'] = /^([a-z]+)(?: ([+-]) (\d+))?$/.exec(text.trim()) ?? [];
  if (name === undefined) return Number(text) || 0;
  return (priorityOf(name, family) ?? 0) + Number(`${sign}${offset}`);
}

function chainOf(
  { family, table, chain, hook, priority, policy, rules, jumps }: Draft,
  lines: readonly string[],
): ChainForm {
  return {
    family,
    by: 'nft',
    table,
    chain,
    ...(hook !== undefined && priority !== undefined && { hook, priority }),
    ...(policy !== undefined && { policy }),
    slots: rules.map((at) => (COUNTER.test(lines[at] ?? '') ? at : -1)),
    jumps: [...jumps],
    textOf: (rule) =>
      (lines[rules[rule] ?? -1] ?? '')
        .trim()
        .replace(/ # handle \d+$/, '')
        .replace(COUNTER, 'counter'),
  };
}

/** Of the same rules, read again. */
export function nftTextCounters(text: string, { slots }: RuleForm): RuleCounters {
  return countersByLine(text, slots, COUNTER);
}
