/** The questions of matchers, by the names that every test runner gives them. */
import type { Judgement, OutcomeOptions } from './expectation.ts';
import type { FindingOptions } from './finding.ts';
import type { FlowSpec } from './flow-spec.ts';

type Flow = string | FlowSpec;

const expectation = () => import('./expectation.ts');

/** Each gives what it found of a subject; `isNot`: it is to fail. */
export const JUDGES = {
  delivers: async (
    subject: unknown,
    flow: Flow,
    options?: OutcomeOptions,
    isNot?: boolean,
  ): Promise<Judgement> => (await expectation()).judgeFlow(subject, 'delivered', flow, options, isNot),
  drops: async (
    subject: unknown,
    flow: Flow,
    options?: OutcomeOptions,
    isNot?: boolean,
  ): Promise<Judgement> => (await expectation()).judgeFlow(subject, 'dropped', flow, options, isNot),
  rejects: async (
    subject: unknown,
    flow: Flow,
    options?: OutcomeOptions,
    isNot?: boolean,
  ): Promise<Judgement> => (await expectation()).judgeFlow(subject, 'rejected', flow, options, isNot),
  translates: async (
    subject: unknown,
    flow: Flow,
    options?: OutcomeOptions,
    isNot?: boolean,
  ): Promise<Judgement> => (await expectation()).judgeTranslation(subject, flow, options, isNot),
  finds: async (subject: unknown, cause: string, options?: FindingOptions): Promise<Judgement> =>
    (await import('./finding.ts')).judgeFinding(subject, cause, options),
};
