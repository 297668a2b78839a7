/** Rules of `nft -j -a list ruleset`; like save-rules.ts, and each rule is put into words when it is looked at. */
import { readJsonRuleset } from '../nft/json/read.ts';
import { isObject, type Json, type JsonObject, listOf, numberOf, textOf } from '../nft/json/value.ts';
import { NFT_FAMILIES, type NftFamily } from '../nft/ruleset.ts';
import { type ChainForm, noCounters, type RuleCounters, type RuleForm } from './rule-file.ts';

/** The place of a rule's counters is its place among all rules. What can't be read has no chains. */
export function nftForm(text: string): RuleForm {
  const chains = new Map<string, Draft>();
  let rules = 0;
  for (const item of itemsOf(text)) {
    const chain = isObject(item.chain) ? item.chain : undefined;
    if (chain) draftOf(chains, chain, textOf(chain, 'name') ?? '').base = chain;
    const rule = isObject(item.rule) ? item.rule : undefined;
    if (!rule) continue;
    const draft = draftOf(chains, rule, textOf(rule, 'chain') ?? '');
    const expressions = listOf(rule.expr);
    draft.slots.push(expressions.some(isCounter) ? rules : -1);
    draft.rules.push(rule);
    collectJumps(rule.expr, draft.jumps);
    rules++;
  }
  return { chains: [...chains.values()].flatMap((draft) => chainOf(draft) ?? []), slots: rules };
}

interface Draft {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  base?: JsonObject;
  readonly rules: JsonObject[];
  readonly slots: number[];
  readonly jumps: Set<string>;
}

function itemsOf(text: string): JsonObject[] {
  try {
    const root = JSON.parse(text) as Json;
    return isObject(root) ? listOf(root.nftables).filter(isObject) : [];
  } catch {
    return [];
  }
}

function draftOf(chains: Map<string, Draft>, object: JsonObject, chain: string): Draft {
  const [family, table] = [textOf(object, 'family') ?? '', textOf(object, 'table') ?? ''];
  const key = `${family} ${table} ${chain}`;
  const draft = chains.get(key) ?? { family, table, chain, rules: [], slots: [], jumps: new Set<string>() };
  chains.set(key, draft);
  return draft;
}

/** A named counter counts for all rules that name it. */
function isCounter(expression: Json): boolean {
  return isObject(expression) && isObject(expression.counter) && 'packets' in expression.counter;
}

/** Wherever a verdict stands: in the rule itself, or in a map of them. */
function collectJumps(value: Json | undefined, jumps: Set<string>): void {
  if (Array.isArray(value)) for (const each of value) collectJumps(each, jumps);
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const target =
      (key === 'jump' || key === 'goto') && isObject(inner) ? textOf(inner, 'target') : undefined;
    if (target !== undefined) jumps.add(target);
    else collectJumps(inner, jumps);
  }
}

function chainOf({ family: word, table, chain, base, rules, slots, jumps }: Draft): ChainForm | undefined {
  const family = NFT_FAMILIES.find((each) => each === word);
  if (!family) return undefined;
  const hook = base && textOf(base, 'hook');
  return {
    family,
    by: 'nft',
    table,
    chain,
    ...(base &&
      hook !== undefined && {
        hook,
        priority: numberOf(base, 'prio') ?? 0,
        policy: (textOf(base, 'policy') ?? 'accept').toUpperCase(),
      }),
    slots,
    jumps: [...jumps],
    textOf: (rule) => wordsOf(rules[rule], family),
  };
}

function wordsOf(rule: JsonObject | undefined, family: NftFamily): string {
  if (!rule) return '';
  const { ruleset } = readJsonRuleset([{ rule }], family, () => 1);
  const text = ruleset.tables[0]?.chains[0]?.rules[0]?.text ?? '';
  const comment = textOf(rule, 'comment');
  const plain = text.replace(/\bcounter packets \d+ bytes \d+/, 'counter');
  return comment === undefined ? plain : `${plain} comment "${comment}"`;
}

/** A rule's begin, or its first counter; quotes within texts are escaped, so that nothing there looks like one. */
const TOKEN = /\{\s*"rule":|"counter":\s*\{\s*"packets":\s*(\d+),\s*"bytes":\s*(\d+)|\{\s*"table":\s*\{/g;

/** Of the same rules, read again: without reading the JSON, which takes ten times as long. */
export function nftCounters(text: string, { slots }: RuleForm): RuleCounters {
  const counters = noCounters(slots);
  let rule = -1;
  let isOpen = false;
  for (const [token, packets, bytes] of text.matchAll(TOKEN)) {
    if (packets === undefined) {
      isOpen = token.includes('"rule"');
      if (isOpen) rule++;
    } else if (isOpen && rule < slots) {
      counters.packets[rule] = Number(packets);
      counters.bytes[rule] = Number(bytes);
      isOpen = false;
    }
  }
  return counters;
}
