/** What people said is not to be told: comment lines `# nettrace: ignore ID`, and the comments of rules. */
import type { Span } from '../base/span.ts';
import { type Finding, type Found, isRule, spanOf } from './finding.ts';
import { matchInfo, type RuleRef, rulesOf } from './rules.ts';
import type { Scope } from './scope.ts';

/** Ids that one place says are not to be told, and of what. */
interface Suppression {
  readonly ids: readonly string[];
  readonly span: Span;
  /** The rule's comment that says it; else it stands on a line of its own. */
  readonly rule?: RuleRef;
  covers(finding: Found): boolean;
}

export interface Suppressed {
  readonly told: readonly Finding[];
  readonly suppressed: readonly Finding[];
  /** Suppressions that had nothing to suppress, by id. */
  readonly unused: readonly { readonly id: string; readonly at: RuleRef | Span }[];
}

const REMARK = /^nettrace:\s*(ignore(?:-file)?)\s+([\w-]+(?:[\s,]+[\w-]+)*)/;
const COMMENT = /nettrace:\s*ignore\s+([\w-]+(?:[\s,]+[\w-]+)*)/;

export function suppress(scope: Scope, findings: readonly Finding[]): Suppressed {
  const suppressions = suppressionsOf(scope);
  const used = new Set<string>();
  const told: Finding[] = [];
  const suppressed: Finding[] = [];
  for (const finding of findings) {
    const by = suppressions.filter(({ ids, covers }) => ids.includes(finding.id) && covers(finding));
    for (const each of by) used.add(keyOf(each, finding.id));
    (by.length > 0 ? suppressed : told).push(finding);
  }
  const unused = suppressions.flatMap((each) =>
    each.ids.filter((id) => !used.has(keyOf(each, id))).map((id) => ({ id, at: each.rule ?? each.span })),
  );
  return { told, suppressed, unused };
}

function keyOf({ span }: Suppression, id: string): string {
  return `${id} ${span.path}:${span.line}`;
}

function suppressionsOf({ rulesets }: Scope): Suppression[] {
  return rulesets.flatMap((ruleset) => {
    const refs = rulesOf(ruleset);
    const chains = [...ruleset.tables.values()].flatMap((table) => [...table.chains.values()]);
    const lines = (ruleset.remarks ?? []).flatMap(({ text, span }): Suppression[] => {
      const found = REMARK.exec(text);
      if (!found) return [];
      const ids = idsOf(found[2] ?? '');
      if (found[1] === 'ignore-file') {
        const covers = (finding: Found) => spanOf(finding.at).path === span.path;
        return [{ ids, span, covers }];
      }
      return [{ ids, span, covers: behind(span, refs, chains) }];
    });
    return [...lines, ...refs.flatMap(inComment)];
  });
}

/** The rule on the next line, or all of the chain whose line that is. */
function behind(
  { path, line }: Span,
  refs: readonly RuleRef[],
  chains: readonly RuleRef['chain'][],
): Suppression['covers'] {
  const after = [...refs.map(({ rule }) => rule.span), ...chains.flatMap(({ span }) => span ?? [])].filter(
    (span) => span.path === path && span.line > line,
  );
  const next = Math.min(...after.map((span) => span.line));
  const chain = chains.find(({ span }) => span?.path === path && span.line === next);
  return ({ at }) => {
    const span = spanOf(at);
    if (span.path === path && span.line === next) return true;
    return chain !== undefined && isRule(at) && at.chain === chain;
  };
}

function inComment(ref: RuleRef): Suppression[] {
  const { rule } = ref;
  if (!rule.text.includes('nettrace:')) return [];
  const said = COMMENT.exec(matchInfo<{ comment: string }>(rule, 'comment')?.comment ?? '');
  if (!said) return [];
  const ids = idsOf(said[1] ?? '');
  return [{ ids, span: rule.span, rule: ref, covers: ({ at }) => isRule(at) && at.rule === rule }];
}

function idsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
