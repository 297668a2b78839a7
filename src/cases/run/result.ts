/** What came of a case. */
import type { Issue } from '../../base/issue.ts';
import type { NearRule } from '../../diagnose/near-rules.ts';
import type { Trace } from '../../netstack/hop.ts';
import type { Analysis, AnalysisFlow } from '../../report/analysis.ts';
import type { CoveredRule } from '../coverage/coverage.ts';
import type { CaseError, CaseFile, Place } from '../file/case-file.ts';
import type { Edit } from '../file/update.ts';
import type { Difference } from './judge.ts';

export type Outcome = 'passed' | 'failed' | 'error';

export interface RowResult {
  readonly section: 'packets' | 'flows' | 'findings' | 'never' | 'refused';
  /** As the file says it. */
  readonly text: string;
  readonly place: Place;
  readonly outcome: Outcome;
  /** In the language of cases. */
  readonly expected?: string;
  readonly found?: string;
  readonly differences: readonly Difference[];
  /** Why it can't be judged. */
  readonly error?: CaseError;
  /** What the outcome rests on; empty: it is certain. */
  readonly assumptions: readonly string[];
  /** The rule or policy that decided, where one did. */
  readonly rule?: { readonly path?: string; readonly line?: number; readonly text: string };
  /** Of a packet that was to get there and was stopped: rules that would have let it pass but for one condition, the most telling first. */
  readonly near?: readonly NearRule[];
  readonly there?: Trace;
  readonly back?: Trace;
  readonly flow?: AnalysisFlow;
  /** Where --update writes what holds, and what. */
  readonly update?: Edit;
}

export interface CaseResult {
  readonly file: CaseFile;
  readonly outcome: Outcome;
  readonly rows: readonly RowResult[];
  readonly errors: readonly CaseError[];
  /** What the readers had to say of the inputs. */
  readonly issues: readonly Issue[];
  /** The inputs, as they were named. */
  readonly words: readonly string[];
  readonly seconds: number;
  /** The rules that its namespaces have, with how often its packets matched them. */
  readonly coverage: readonly CoveredRule[];
  readonly analysis?: Analysis;
  /** The namespaces that have a container's name. */
  readonly namespaces: readonly { readonly name: string; readonly container?: string }[];
}
