/** Runs the checks over what the inputs hold, and leaves out what is not to be told. */

import type { Issue } from '../base/issue.ts';
import { nearest } from '../base/nearest.ts';
import type { InputSet } from '../input/input.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Ruleset } from '../xtables/rule.ts';
import type { CheckPage } from './check.ts';
import { CHECKS } from './checks.ts';
import { type Finding, SEVERITIES, type Severity, spanOf } from './finding.ts';
import { reachOf } from './reach.ts';
import { rulesOf } from './rules.ts';
import { type Scope, scopesOf } from './scope.ts';
import { suppress } from './suppress.ts';

export interface LintOptions {
  /** Ids; without it, all. */
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
}

export interface LintResult {
  /** By file and line. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Finding[];
  /** Files with rules, in the order they were read in. */
  readonly paths: readonly string[];
  readonly rules: number;
  /** Tables that are too large, or too much interwoven, for it to be decided which of their rules can match. */
  readonly undecided: readonly Issue[];
}

/** What the engine itself has to say of suppressions. */
const SUPPRESSION_PAGES: readonly CheckPage[] = [
  {
    id: 'suppression-unused',
    title: 'A comment says to ignore what isn’t found',
    severity: 'note',
    why: 'The rule was changed, or the check sees it otherwise by now: the comment would hide what comes later.',
    repair: 'Take the comment out.',
    silent: 'Checks that were not asked for (--only, --ignore).',
    references: ['docs/lint.md'],
  },
  {
    id: 'suppression-unknown',
    title: 'A comment says to ignore a check that doesn’t exist',
    severity: 'warning',
    why: 'It ignores nothing.',
    repair: 'Correct the id: nettrace lint --list has them all.',
    silent: 'Never.',
    references: ['docs/lint.md'],
  },
];

/** All there are, in the order of the list. */
export const LINT_PAGES: readonly CheckPage[] = [...CHECKS, ...SUPPRESSION_PAGES];

export function lint(inputs: InputSet, snapshot: Snapshot, options: LintOptions = {}): LintResult {
  const scopes = scopesOf(inputs, snapshot);
  const wanted = (id: string): boolean =>
    (options.only?.includes(id) ?? true) && !(options.ignore?.includes(id) ?? false);
  const parts = scopes.map((scope) => lintScope(scope, wanted));
  const rulesets = scopes.flatMap((scope) => scope.rulesets);
  const refs = rulesets.flatMap(rulesOf);
  const paths = [
    ...new Set([...rulesets.map(({ path }) => path), ...refs.map(({ rule }) => rule.span.path)]),
  ];
  const order = new Map(paths.map((path, index) => [path, index]));
  const byPlace = (left: Finding, right: Finding): number => {
    const [a, b] = [spanOf(left.at), spanOf(right.at)];
    return (
      (order.get(a.path) ?? paths.length) - (order.get(b.path) ?? paths.length) ||
      a.line - b.line ||
      SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity)
    );
  };
  return {
    findings: parts.flatMap(({ findings }) => findings).toSorted(byPlace),
    suppressed: parts.flatMap(({ suppressed }) => suppressed).toSorted(byPlace),
    paths: paths.filter((path) => path !== ''),
    rules: refs.length,
    undecided: CHECKS.some(({ id }) => id.startsWith('rule-') && wanted(id))
      ? rulesets.flatMap(undecidedIn)
      : [],
  };
}

function undecidedIn(ruleset: Ruleset): Issue[] {
  return [...ruleset.tables.values()]
    .filter((table) => !reachOf(ruleset)(table))
    .map(({ name }) => ({
      severity: 'warning',
      code: 'undecided',
      text: `table ${name}: it takes too long to decide which of its rules can match; nothing is said of that`,
      path: ruleset.path,
    }));
}

function lintScope(
  scope: Scope,
  wanted: (id: string) => boolean,
): { readonly findings: Finding[]; readonly suppressed: readonly Finding[] } {
  const { namespace } = scope;
  const found = CHECKS.filter(({ id }) => wanted(id)).flatMap((check) =>
    check
      .find(scope)
      .map((each): Finding => ({ severity: check.severity, ...each, id: check.id, namespace })),
  );
  const { told, suppressed, unused } = suppress(scope, found);
  const about = unused.flatMap(({ id, at }): Finding[] => {
    const known = LINT_PAGES.some((page) => page.id === id);
    const own = known ? 'suppression-unused' : 'suppression-unknown';
    if (!wanted(own) || (known && !wanted(id))) return [];
    const near = nearest(
      id,
      LINT_PAGES.map((page) => page.id),
    );
    return [
      {
        id: own,
        severity: known ? 'note' : 'warning',
        namespace,
        title: known ? `nothing here is ${id}: the comment ignores nothing` : `${id} is no check`,
        explanation: known
          ? 'It would hide what may come to be so later.'
          : near === undefined
            ? ''
            : `Was ${near} meant?`,
        at,
      },
    ];
  });
  return { findings: [...told, ...about], suppressed };
}

export function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}
