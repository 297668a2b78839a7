/**
 * The same questions as those of `nettrace/vitest`, for every other test runner: each resolves, or rejects with an `AssertionError` of Node whose message
 * shows the packet's way.
 *
 * ```ts
 * import test from 'node:test';
 * import { assertDelivers } from 'nettrace/assert';
 *
 * test('the office gets out', () => assertDelivers('firewall', 'from 192.168.30.20 to 8.8.8.8:443/tcp', { via: 'wan0' }));
 * ```
 *
 * @packageDocumentation
 */
import { AssertionError } from 'node:assert';
import type { Judgement, OutcomeOptions } from './library/expectation.ts';
import type { FindingOptions } from './library/finding.ts';
import type { FlowSpec } from './library/flow-spec.ts';
import { JUDGES } from './library/matchers.ts';
import type { AnalysisSubject, HostSubject } from './library/subject.ts';

/** The packet gets there, or leaves for where the inputs end: the verdicts `delivered`, `forwarded` and `bridged`. */
export async function assertDelivers(
  host: HostSubject,
  flow: string | FlowSpec,
  options?: OutcomeOptions,
): Promise<void> {
  check(await JUDGES.delivers(host, flow, options), assertDelivers);
}

/** The packet is stopped, and nobody hears of it: `dropped`, and `no route`. */
export async function assertDrops(
  host: HostSubject,
  flow: string | FlowSpec,
  options?: OutcomeOptions,
): Promise<void> {
  check(await JUDGES.drops(host, flow, options), assertDrops);
}

/** The packet is stopped, and answered with an error or a reset. */
export async function assertRejects(
  host: HostSubject,
  flow: string | FlowSpec,
  options?: OutcomeOptions,
): Promise<void> {
  check(await JUDGES.rejects(host, flow, options), assertRejects);
}

/** The packet gets there with another source (`as`) or destination (`to`) than it set out with; without either, with any other. */
export async function assertTranslates(
  host: HostSubject,
  flow: string | FlowSpec,
  options?: OutcomeOptions,
): Promise<void> {
  check(await JUDGES.translates(host, flow, options), assertTranslates);
}

/** The analysis, or that of the bundle or inputs, has a finding of this cause (`nettrace explain`). */
export async function assertFinds(
  analysis: AnalysisSubject,
  cause: string,
  options?: FindingOptions,
): Promise<void> {
  check(await JUDGES.finds(analysis, cause, options), assertFinds);
}

function check({ pass, message }: Judgement, stackStartFn: (...words: never[]) => unknown): void {
  if (!pass) throw new AssertionError({ message: message(), operator: stackStartFn.name, stackStartFn });
}

export type { Names } from './library/asking.ts';
export type { AskingOptions, OutcomeOptions, OutcomeParts } from './library/expectation.ts';
export type { FindingOptions } from './library/finding.ts';
export type { FlowSpec } from './library/flow-spec.ts';
export type { AnalysisSubject, HostSubject } from './library/subject.ts';
