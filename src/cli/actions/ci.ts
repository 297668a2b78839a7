/** Reports for CI systems: loaded when one is asked for. */
import type { Analysis } from '../../report/analysis.ts';
import { analysisReport, type Ran } from '../../report/ci/from-analysis.ts';
import { githubCommands } from '../../report/ci/github.ts';
import { junitXml } from '../../report/ci/junit.ts';
import type { CiReport } from '../../report/ci/report.ts';
import { sarifJson } from '../../report/ci/sarif.ts';

export type CiFormat = 'junit' | 'sarif' | 'github';

const REPORTERS: Readonly<Record<CiFormat, (report: CiReport) => string>> = {
  junit: junitXml,
  sarif: sarifJson,
  github: githubCommands,
};

export function analysisForCi(format: CiFormat, analysis: Analysis, ran: Ran): string {
  return REPORTERS[format](analysisReport(analysis, ran));
}
