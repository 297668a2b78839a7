/** Takes lines out of a rules file: only rules that no packet comes to, and only when what is left reads as the same rules without them. */
import { addTo } from '../base/group-by.ts';
import { parseSave } from '../xtables/parse.ts';
import type { Rule, Ruleset } from '../xtables/rule.ts';
import type { Finding } from './finding.ts';
import { type RuleRef, rulesOf } from './rules.ts';

export interface Fixed {
  /** Lines to be taken out, from 1. */
  readonly lines: ReadonlySet<number>;
  readonly removed: readonly RuleRef[];
  /** Why rules that could be taken out were left: each with its place. */
  readonly left: readonly { readonly ref: RuleRef; readonly why: string }[];
}

/**
 * @param text the file as it is
 * @param ruleset what was read from it
 */
export function fixRuleset(text: string, ruleset: Ruleset, findings: readonly Finding[]): Fixed {
  const wanted = removable(ruleset, findings);
  const byLine = new Map<number, RuleRef[]>();
  for (const ref of rulesOf(ruleset)) {
    const { line } = ref.rule.span;
    addTo(byLine, line, ref);
  }
  const rules = new Set([...wanted].map(({ rule }) => rule));
  const gone = new Set<number>();
  const left: { ref: RuleRef; why: string }[] = [];
  const lines = text.split(/(?<=\n)/);
  for (const ref of wanted) {
    const { line } = ref.rule.span;
    const others = (byLine.get(line) ?? []).filter(({ rule }) => !rules.has(rule));
    if (others.length > 0)
      left.push({ ref, why: 'its line stands for other rules, too (a list of addresses)' });
    else if (!/^\s*(\[\d+:\d+\]\s*)?(-A|--append)\s/.test(lines[line - 1] ?? ''))
      left.push({ ref, why: 'its line is no -A' });
    else gone.add(line);
  }
  const fixed = lines.filter((_, index) => !gone.has(index + 1)).join('');
  const removed = wanted.filter(({ rule }) => gone.has(rule.span.line));
  if (gone.size > 0 && !isSame(fixed, ruleset, gone)) {
    const why = 'the lines behind it count on it (-I, -D, -R by number)';
    return { lines: new Set(), removed: [], left: [...left, ...removed.map((ref) => ({ ref, why }))] };
  }
  return { lines: gone, removed, left };
}

/** The file without those lines; all others stay byte for byte, with their counters, comments and endings. */
export function withoutLines(bytes: Uint8Array, lines: ReadonlySet<number>): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(LINE_FEED, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (!lines.has(line)) kept.push(bytes.subarray(start, next));
    start = next;
  }
  return Buffer.concat(kept);
}

const LINE_FEED = 0x0a;

function removable(ruleset: Ruleset, findings: readonly Finding[]): RuleRef[] {
  const refs = findings.flatMap(({ suggestion }) => suggestion?.removes ?? []);
  const { path } = ruleset;
  return [...new Set(refs)].filter(({ rule }) => rule.span.path === path);
}

/** The same chains with the same rules in the same order, but for those lines. */
function isSame(fixed: string, ruleset: Ruleset, gone: ReadonlySet<number>): boolean {
  const { family, backend, path } = ruleset;
  const again = parseSave(fixed, path, { family, backend }).ruleset;
  return outline(again, () => true) === outline(ruleset, ({ span }) => !gone.has(span.line));
}

function outline({ tables }: Ruleset, stays: (rule: Rule) => boolean): string {
  return JSON.stringify(
    [...tables.values()].map(({ name, chains }) => [
      name,
      [...chains.values()].map((chain) => [
        chain.name,
        chain.policy,
        chain.rules.filter(stays).map(({ text, counters }) => [text, counters]),
      ]),
    ]),
  );
}
