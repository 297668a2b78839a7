/** `nettrace lint`: reads what there is, runs the checks, and reports or repairs. */
import type { Issue } from '../../base/issue.ts';
import { nearest } from '../../base/nearest.ts';
import { printable } from '../../base/printable.ts';
import { namesOf, uncheckedTables } from '../../lint/checks/nft-unchecked.ts';
import { type Finding, SEVERITIES, type Severity } from '../../lint/finding.ts';
import { LINT_PAGES, type LintResult, lint } from '../../lint/lint.ts';
import { plainPage, renderList } from '../../lint/page.ts';
import { lintReport } from '../../lint/report/ci.ts';
import { lintJson } from '../../lint/report/json.ts';
import { renderLint } from '../../lint/report/text.ts';
import { githubCommands } from '../../report/ci/github.ts';
import { junitXml } from '../../report/ci/junit.ts';
import { sarifJson } from '../../report/ci/sarif.ts';
import { jsonText } from '../../report/json.ts';
import { buildSnapshot } from '../../snapshot/build.ts';
import type { LintOptions } from '../commands/lint.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { textOptions } from '../terminal.ts';
import { checkFix, fixFiles, rememberedInput } from './lint/fix.ts';

export async function lintAction(words: readonly string[], options: LintOptions, io: Io): Promise<Status> {
  checkIds([...(options.only ?? []), ...(options.ignore ?? [])]);
  if (options.list) return listChecks(options, io);
  if (words.length === 0) throw new UsageError('no input: name a file with rules, a bundle, or -');
  checkFix(options);
  const source = rememberedInput(io);
  const { inputs, progress } = await loadInputs(words, options, source.io);
  progress.end();
  const { snapshot, issues } = buildSnapshot(inputs);
  const unusable = inputs.issues.filter(({ severity }) => severity === 'error');
  const result = lint(inputs, snapshot, options);
  const doubts = options.verbose ? [...inputs.issues, ...issues] : inputs.issues;
  tellIssues(io, [...doubts, ...result.undecided], options);
  if (result.paths.length === 0) {
    const tables = [...snapshot.namespaces.values()].flatMap(({ nft }) =>
      uncheckedTables(nft?.tables ?? [], []),
    );
    throw new UsageError(
      tables.length === 0
        ? 'none of the inputs holds rules of iptables'
        : `the inputs hold rules of nft alone (${namesOf(tables)}), and lint reads rules of iptables: nothing was looked at`,
      'Add the output of iptables-save (ip6tables-save for IPv6). Rulesets of nft alone are not looked at.',
    );
  }
  if (options.fix)
    return fixFiles(result, inputs, unusable, {
      words,
      options,
      io,
      piped: source.bytes,
      fails: (severity) => fails(severity, options),
    });
  const status = statusOf(result.findings, unusable, options);
  io.setStatus(status);
  const output = openOutput(io, options.output, words);
  output.write(textOf(result, unusable, options, io));
  output.end();
  return status;
}

function listChecks(options: LintOptions, io: Io): Status {
  const { only, ignore = [], format } = options;
  const pages = LINT_PAGES.filter(({ id }) => (only?.includes(id) ?? true) && !ignore.includes(id));
  const output = openOutput(io, options.output, []);
  if (format === 'json')
    output.write(`${jsonText({ schema: 'nettrace-checks/1', checks: pages.map(plainPage) }, 2)}\n`);
  else output.write(renderList(pages, textOptions(io, options)));
  output.end();
  return 0;
}

function checkIds(ids: readonly string[]): void {
  const known = LINT_PAGES.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = nearest(id, known);
    throw new UsageError(
      `${printable(id)} is no check`,
      near === undefined ? 'nettrace lint --list has them all.' : `Did you mean ${near}?`,
    );
  }
}

function fails(severity: Severity, { failOn }: LintOptions): boolean {
  return failOn !== 'never' && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn);
}

function statusOf(findings: readonly Finding[], unusable: readonly Issue[], options: LintOptions): Status {
  if (hasErrors(unusable)) return 2;
  return findings.some(({ severity }) => fails(severity, options)) ? 1 : 0;
}

function textOf(result: LintResult, unusable: readonly Issue[], options: LintOptions, io: Io): string {
  const report = () => lintReport(result, unusable, (severity) => fails(severity, options));
  switch (options.format) {
    case 'json':
      return `${jsonText(lintJson(result), 2)}\n`;
    case 'junit':
      return junitXml(report());
    case 'sarif':
      return sarifJson(report());
    case 'github':
      return githubCommands(report());
    case 'text':
      return renderLint(result, textOptions(io, options));
  }
}
