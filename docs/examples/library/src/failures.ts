/** What failed in a bundle, and what would repair it. */
import { type AnalyzeOptions, analyze, type Finding } from 'nettrace';

export interface Failure {
  readonly title: string;
  /** Where the deciding rule stands: `rules.v4:3`. */
  readonly rule?: string;
  readonly repair: readonly string[];
}

export async function failuresOf(path: string, options: AnalyzeOptions = {}): Promise<Failure[]> {
  const { findings } = await analyze(path, options);
  return findings.filter(({ severity }) => severity !== 'info').map(failureOf);
}

function failureOf({ title, rule, fix }: Finding): Failure {
  return {
    title,
    ...(rule && { rule: `${rule.path}:${rule.line}` }),
    // Only what was replayed, and lets the traffic through.
    repair: fix?.verified ? fix.commands : [],
  };
}
