/** `nettrace lint --format json`: schema nettrace-lint/1. */
import type { Finding, Involved, Severity } from '../finding.ts';
import { isRule, spanOf } from '../finding.ts';
import { countOf, type LintResult } from '../lint.ts';

export interface LintReport {
  schema: 'nettrace-lint/1';
  summary: {
    errors: number;
    warnings: number;
    notes: number;
    suppressed: number;
    files: number;
    rules: number;
  };
  files: string[];
  findings: LintFinding[];
  suppressed: LintFinding[];
}

export interface LintFinding {
  id: string;
  severity: Severity;
  title: string;
  explanation: string;
  namespace: string;
  path: string;
  line: number;
  rule?: LintRule;
  involved: { path: string; line: number; role: string; rule?: LintRule }[];
  suggestion?: { text: string; commands: string[]; safe: boolean };
}

interface LintRule {
  family: 4 | 6;
  backend: 'nft' | 'legacy';
  table: string;
  chain: string;
  number: number;
  text: string;
}

export function lintJson({ findings, suppressed, paths, rules }: LintResult): LintReport {
  return {
    schema: 'nettrace-lint/1',
    summary: {
      errors: countOf(findings, 'error'),
      warnings: countOf(findings, 'warning'),
      notes: countOf(findings, 'note'),
      suppressed: suppressed.length,
      files: paths.length,
      rules,
    },
    files: [...paths],
    findings: findings.map(findingJson),
    suppressed: suppressed.map(findingJson),
  };
}

function findingJson(finding: Finding): LintFinding {
  const { id, severity, title, explanation, namespace, at, involved = [], suggestion } = finding;
  return {
    id,
    severity,
    title,
    explanation,
    namespace,
    ...spanOf(at),
    ...ruleJson(at),
    involved: involved.map((each) => ({ ...spanOf(each.at), role: each.role, ...ruleJson(each.at) })),
    ...(suggestion && {
      suggestion: {
        text: suggestion.text,
        commands: [...suggestion.commands],
        safe: suggestion.removes !== undefined,
      },
    }),
  };
}

function ruleJson(at: Involved['at']): { rule?: LintRule } {
  if (!isRule(at)) return {};
  const { ruleset, table, chain, number, rule } = at;
  return {
    rule: {
      family: ruleset.family,
      backend: ruleset.backend,
      table: table.name,
      chain: chain.name,
      number,
      text: rule.text,
    },
  };
}
