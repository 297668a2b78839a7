import { addTo, groupBy } from '../../base/group-by.ts';
import type { Issue } from '../../base/issue.ts';
import type { Span } from '../../base/span.ts';
import { correctRule } from '../../xtables/correct.ts';
import { findMatch } from '../../xtables/matches.ts';
import { findTarget } from '../../xtables/targets.ts';
import { splitShell } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hookOfChain, hooksReaching } from '../graph.ts';
import { isHostName } from '../host-name.ts';
import { nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import type { Scope } from '../scope.ts';

/** Of what the readers say, what iptables-restore stops at. What depends on rules that may be there already (--noflush) isn't among it. */
const CODES = new Set([
  'refused',
  'bad-option',
  'bad-value',
  'bad-policy',
  'bad-chain-name',
  'unknown-option',
  'missing-word',
  'ambiguous-option',
  'stray-word',
  'unknown-table',
]);

export const loadRefused: Check = {
  id: 'load-refused',
  title: 'iptables-restore refuses the line, and loads nothing of its table',
  severity: 'error',
  why: 'iptables-restore stops at the first line that it, or the kernel, doesn’t take: nothing of that table and of those behind it is loaded, tables committed before stay.',
  repair: 'Correct the line; iptables-restore --test < FILE says whether all is well.',
  silent: 'Matches and targets that nettrace doesn’t know: an iptables with more extensions may take them.',
  references: ['iptables-restore(8)', 'net/netfilter/x_tables.c: xt_check_match(), xt_check_target()'],
  find: (scope) => [...lines(scope), ...places(scope), ...typed(scope)],
};

function lines(scope: Scope): Found[] {
  const byLine = new Map<string, Issue[]>();
  for (const issue of scope.issues) {
    if (issue.severity !== 'error' || issue.line === undefined || !CODES.has(issue.code)) continue;
    if (isHostName(issue)) continue;
    const key = `${issue.path ?? ''}:${issue.line}`;
    addTo(byLine, key, issue);
  }
  const refs = new Map(
    scope.rulesets.flatMap(rulesOf).map((ref) => [`${ref.rule.span.path}:${ref.rule.span.line}`, ref]),
  );
  const wrong = [...byLine].map(([key, issues]) => ({ issues, ref: refs.get(key) }));
  const alike = groupBy(wrong, ({ issues: [first] }) => `${first?.path} ${kindOf(first?.text ?? '')}`);
  return [...alike.values()].flatMap(([first, ...more]) => (first ? [told(first, more)] : []));
}

interface Wrong {
  readonly issues: readonly Issue[];
  readonly ref: RuleRef | undefined;
}

/** What the words are about, without their values. */
function kindOf(text: string): string {
  return text.replace(/"[^"]*"|[^\s"]*[\d:/][^\s"]*/g, '*');
}

function told({ issues, ref }: Wrong, more: readonly Wrong[]): Found {
  const [first, ...others] = issues;
  const parts = [
    ...(others.length > 0 ? [`Also: ${others.map(({ text }) => text).join('; ')}.`] : []),
    ...(more.length > 0
      ? [`So ${more.length === 1 ? 'is another line' : `are ${more.length} more lines`}.`]
      : []),
  ];
  return {
    title: first?.text ?? '',
    explanation: parts.join(' '),
    at: ref ?? placeOf(issues),
    involved: more.map((each) => ({
      at: each.ref ?? placeOf(each.issues),
      role: each.issues[0]?.text ?? '',
    })),
    ...corrected(ref),
  };
}

function placeOf([issue]: readonly Issue[]): Span {
  return { path: issue?.path ?? '', line: issue?.line ?? 1 };
}

function corrected(ref: RuleRef | undefined): Partial<Found> {
  if (!ref) return {};
  const words = splitShell(ref.rule.text).map(({ text }) => text);
  const meant = correctRule(words, ref.table.name, ref.ruleset.family);
  return meant === undefined ? {} : { suggestion: { text: 'Probably meant:', commands: [meant] } };
}

/** Commands of a session or script. */
function typed({ refused }: Scope): Found[] {
  return refused
    .filter(({ typed: words }) => /\bip6?tables\b/.test(words))
    .flatMap(({ span, refusal }) =>
      refusal
        ? [
            {
              title: refusal.reason,
              explanation: 'The command changes nothing.',
              at: span,
              ...(refusal.meant !== undefined && {
                suggestion: { text: 'Probably meant:', commands: [refusal.meant] },
              }),
            },
          ]
        : [],
    );
}

/** In a chain of one's own the hooks count from which jumps lead there. */
function places(scope: Scope): Found[] {
  return scope.rulesets
    .filter(({ listing }) => !listing)
    .flatMap(rulesOf)
    .flatMap(misplaced);
}

function misplaced(ref: RuleRef): Found[] {
  const { table, chain, rule, ruleset } = ref;
  if (hookOfChain(table, chain.name)) return [];
  const hooks = [...(hooksReaching(table).get(chain.name) ?? [])];
  const used = [
    ...rule.matches.map(({ name }) => ({ shown: `match ${name}`, is: findMatch(name, ruleset.family) })),
    ...(rule.target?.kind === 'extension'
      ? [{ shown: `target ${rule.target.name}`, is: findTarget(rule.target.name, ruleset.family) }]
      : []),
  ];
  return used.flatMap(({ shown, is }): Found[] => {
    const wrong = hooks.filter((hook) => is?.hooks && !is.hooks.includes(hook));
    if (wrong.length === 0) return [];
    return [
      {
        title: `${shown} can only be used in ${is?.hooks?.join(', ')}, and ${chain.name} is reached from ${wrong.join(', ')}`,
        explanation: `${nameOfRule(ref)} stands in a chain that packets come to from ${hooks.join(', ')}: the kernel refuses the table as a whole.`,
        at: ref,
      },
    ];
  });
}
