/**
 * Matchers for vitest: what a host does with a packet, and what an analysis finds. To import it is to have them.
 *
 * ```ts
 * import 'nettrace/vitest';
 * import { openBundle } from 'nettrace';
 * import { expect, it } from 'vitest';
 *
 * it('lets the office out', async () => {
 *   const { snapshot } = await openBundle('firewall');
 *   await expect(snapshot).toDeliver('from 192.168.30.20 to 8.8.8.8:443/tcp', { via: 'wan0', as: '203.0.113.2', answered: true });
 *   await expect(snapshot).toDrop('from wan0 to host:8080/tcp', { by: 'filter INPUT policy' });
 * });
 * ```
 *
 * All of them are asynchronous: `await` them. For vitest 3.2 and later, and 4.
 *
 * @packageDocumentation
 */
import { expect } from 'vitest';
import type { Judgement, OutcomeOptions } from './library/expectation.ts';
import type { FindingOptions } from './library/finding.ts';
import type { FlowSpec } from './library/flow-spec.ts';
import { JUDGES } from './library/matchers.ts';

/**
 * What `expect(subject)` has more. The subject is a host: a snapshot, a bundle, or inputs (a path, several paths, bytes) that are opened for the one
 * question; rules among those that can't be read make the matcher fail. The flow is in the language of cases (docs/testing.md).
 */
export interface NettraceMatchers<Result = Promise<void>> {
  /** The packet gets there, or leaves for where the inputs end: the verdicts `delivered`, `forwarded` and `bridged`. */
  toDeliver(flow: string | FlowSpec, options?: OutcomeOptions): Result;
  /** The packet is stopped, and nobody hears of it: `dropped`, and `no route`. */
  toDrop(flow: string | FlowSpec, options?: OutcomeOptions): Result;
  /** The packet is stopped, and answered with an error or a reset. */
  toReject(flow: string | FlowSpec, options?: OutcomeOptions): Result;
  /**
   * The packet gets there with another source (`as`) or destination (`to`) than it set out with; without either, with any other. Whether something listens
   * there doesn't matter.
   */
  toTranslate(flow: string | FlowSpec, options?: OutcomeOptions): Result;
  /** The analysis (or that of the bundle or inputs) has a finding of this cause (`nettrace explain`). */
  toHaveFinding(cause: string, options?: FindingOptions): Result;
}

async function told(
  judging: Promise<Judgement>,
  isNot: boolean,
): Promise<{ pass: boolean; message(): string }> {
  const judgement = await judging;
  return { pass: judgement.pass, message: () => judgement.message(isNot) };
}

expect.extend({
  toDeliver(subject: unknown, flow: string | FlowSpec, options?: OutcomeOptions) {
    return told(JUDGES.delivers(subject, flow, options, this.isNot), this.isNot);
  },
  toDrop(subject: unknown, flow: string | FlowSpec, options?: OutcomeOptions) {
    return told(JUDGES.drops(subject, flow, options, this.isNot), this.isNot);
  },
  toReject(subject: unknown, flow: string | FlowSpec, options?: OutcomeOptions) {
    return told(JUDGES.rejects(subject, flow, options, this.isNot), this.isNot);
  },
  toTranslate(subject: unknown, flow: string | FlowSpec, options?: OutcomeOptions) {
    return told(JUDGES.translates(subject, flow, options, this.isNot), this.isNot);
  },
  toHaveFinding(subject: unknown, cause: string, options?: FindingOptions) {
    return told(JUDGES.finds(subject, cause, options), this.isNot);
  },
});

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: has to be declared as vitest does it
  interface Matchers<T = any> extends NettraceMatchers {}
}

export type { Names } from './library/asking.ts';
export type { AskingOptions, OutcomeOptions, OutcomeParts } from './library/expectation.ts';
export type { FindingOptions } from './library/finding.ts';
export type { FlowSpec } from './library/flow-spec.ts';
