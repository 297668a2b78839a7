/** What a matcher is given to look at: a host in any of its forms, or an analysis. */
import type { Analysis } from '../report/analysis.ts';
import { analyzed } from './analyze.ts';
import { type KnownState, knownState } from './asking.ts';
import { type Bundle, inputsOf } from './bundle.ts';
import { inputError } from './errors.ts';
import type { Inputs } from './given.ts';
import { openBundle } from './open-bundle.ts';
import { type Snapshot, stateOf } from './snapshot.ts';

/** A host: a snapshot, a bundle that is open, or inputs that are opened for the one question. */
export type HostSubject = Snapshot | Bundle | Inputs;
/** An analysis, a bundle that is open, or inputs. */
export type AnalysisSubject = Analysis | Bundle | Inputs;

export async function hostOf(subject: unknown): Promise<KnownState> {
  if (isObject(subject)) {
    if (stateOf(subject)) return knownState(subject);
    if (inputsOf(subject)) return knownState((subject as Bundle).snapshot);
    if ('snapshot' in subject || 'topology' in subject) return knownState(subject);
  }
  const { snapshot, issues } = await openBundle(subject as Inputs);
  // A rule that iptables would not take says nothing in a test.
  if (issues.some(({ severity }) => severity === 'error')) throw inputError(issues);
  return knownState(snapshot);
}

export async function analysisOf(subject: unknown): Promise<Analysis> {
  if (isObject(subject) && 'schema' in subject && 'findings' in subject) return subject as Analysis;
  return await analyzed(subject as Inputs | Bundle, {}, true);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
