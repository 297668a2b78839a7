/** Lint's findings for CI systems. */
import type { Issue } from '../../base/issue.ts';
import type { CiCase, CiPlace, CiProblem, CiReport, CiRule } from '../../report/ci/report.ts';
import { placeText } from '../../report/ci/report.ts';
import { VERSION } from '../../version.ts';
import type { CheckPage } from '../check.ts';
import { type Finding, type Involved, isRule, type Severity, spanOf } from '../finding.ts';
import { LINT_PAGES, type LintResult } from '../lint.ts';
import { pageMarkdown, partsOf } from '../page.ts';

const LEVELS = { error: 'error', warning: 'warning', note: 'info' } as const;
const MOST_EVIDENCE = 40;

/** `failing`: findings of that severity or worse are failures of JUnit. */
export function lintReport(
  { findings, paths }: LintResult,
  unusable: readonly Issue[],
  failing: (severity: Severity) => boolean,
): CiReport {
  const named = new Set(findings.map(({ id }) => id));
  return {
    command: 'lint',
    version: VERSION,
    problems: findings.map(problemOf),
    rules: LINT_PAGES.filter(({ id }) => named.has(id)).map(ruleOf),
    suites: [{ name: 'nettrace.lint', cases: casesOf(findings, paths, unusable, failing) }],
    notices: unusable.map(({ text, path, line }) => ({
      severity: 'error',
      text,
      ...(path === undefined ? {} : { place: { path, line } }),
    })),
    successful: unusable.length === 0,
  };
}

function placeOf(at: Involved['at'], text?: string): CiPlace {
  const rule = isRule(at) ? at.rule.text : undefined;
  return { ...spanOf(at), text: text ?? rule, snippet: rule };
}

function problemOf(finding: Finding): CiProblem {
  const { id, severity, title, explanation, at, involved = [], suggestion, namespace } = finding;
  const logical = [
    { name: namespace, kind: 'namespace' },
    ...(isRule(at)
      ? [
          { name: at.table.name, kind: 'module' },
          { name: at.chain.name, kind: 'function' },
        ]
      : []),
  ];
  return {
    rule: id,
    severity: LEVELS[severity],
    confidence: 1,
    title,
    explanation,
    place: placeOf(at),
    logical,
    evidence: involved.slice(0, MOST_EVIDENCE).map((each) => placeOf(each.at, each.role)),
    ...(suggestion && {
      fix: { commands: suggestion.commands, verified: false, effect: suggestion.text },
    }),
    fingerprint: [
      id,
      namespace,
      isRule(at) ? `${at.table.name} ${at.chain.name} ${at.rule.text}` : title,
    ].join('|'),
  };
}

function ruleOf(page: CheckPage): CiRule {
  const text = partsOf(page)
    .map(([heading, body]) => `${heading}\n${typeof body === 'string' ? body : body.join('\n')}`)
    .join('\n\n');
  const { id, title, severity, why } = page;
  return {
    id,
    title,
    severity: LEVELS[severity],
    summary: why,
    text,
    markdown: pageMarkdown(page),
    group: 'lint',
  };
}

function casesOf(
  findings: readonly Finding[],
  paths: readonly string[],
  unusable: readonly Issue[],
  failing: (severity: Severity) => boolean,
): CiCase[] {
  const cases = [
    ...unusable.map(
      ({ path, line, text, code }): CiCase => ({
        name: path === undefined ? 'the command line' : placeText({ path, line }),
        seconds: 0,
        outcome: 'error',
        type: code,
        message: text,
      }),
    ),
    ...findings.map((finding): CiCase => {
      const name = `${placeText(spanOf(finding.at))} ${finding.id}`;
      if (!failing(finding.severity)) return { name, seconds: 0, outcome: 'passed', message: finding.title };
      return {
        name,
        seconds: 0,
        outcome: 'failed',
        type: finding.id,
        message: finding.title,
        details: detailsOf(finding),
      };
    }),
    ...paths
      .filter((path) => !findings.some(({ at }) => spanOf(at).path === path))
      .map((path): CiCase => ({ name: path, seconds: 0, outcome: 'passed' })),
  ];
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const times = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, times);
    return times === 1 ? one : { ...one, name: `${one.name} (${times})` };
  });
}

function detailsOf({ at, explanation, involved = [], suggestion }: Finding): string {
  const lines = [
    `${placeText(spanOf(at))}${isRule(at) ? `: ${at.rule.text}` : ''}`,
    ...(explanation === '' ? [] : [explanation]),
    ...involved
      .slice(0, MOST_EVIDENCE)
      .map(
        (each) =>
          `${placeText(spanOf(each.at))}: ${each.role}${isRule(each.at) ? `: ${each.at.rule.text}` : ''}`,
      ),
    ...(suggestion ? [suggestion.text, ...suggestion.commands] : []),
  ];
  return lines.join('\n');
}
