/** The rows of captures: their flows, and what the analysis finds. */
import { analyze } from '../../diagnose/analyze.ts';
import type { InputSet } from '../../input/input.ts';
import type { RuleCoverage } from '../coverage/coverage.ts';
import type { CaseFile, FlowRow, Slot } from '../file/case-file.ts';
import {
  type Analysed,
  analysed,
  describeFlow,
  flowQuestion,
  flowRows,
  flowsOf,
  judgeFlow,
  ruleOfFlow,
} from './flows.ts';
import type { Difference } from './judge.ts';
import type { RowResult } from './result.ts';

export function needsAnalysis({ flows, emptyFlows, findings, never }: CaseFile): boolean {
  return flows.length + never.length > 0 || findings !== undefined || emptyFlows !== undefined;
}

export async function analyseCaptures(
  inputs: InputSet,
  file: CaseFile,
  coverage: RuleCoverage,
  wanted: (row: string) => boolean,
): Promise<{ rows: RowResult[]; analysed: Analysed }> {
  const all = analysed(await analyze(inputs, { everyFlow: true }));
  for (const { predicted, predictedReply } of all.analysis.flows) {
    coverage.hops(predicted);
    coverage.hops(predictedReply ?? []);
  }
  const flows = [
    ...unaskedFlows(file, all),
    ...file.flows.filter(({ text }) => wanted(text)).map((row) => runFlow(row, all)),
  ];
  return { rows: [...flows, ...findingRows(file, all).filter(({ text }) => wanted(text))], analysed: all };
}

/** All flows that the row names have to be as it says. */
function runFlow(row: FlowRow, all: Analysed): RowResult {
  const { text, place, question, expected, expectedText, slot } = row;
  const base = { section: 'flows', text, place, assumptions: [], differences: [] } as const;
  const flows = flowsOf(question, all);
  if (typeof flows === 'string') return { ...base, outcome: 'error', error: { ...place, text: flows } };
  const [first] = flows;
  if (!first) {
    const error = { ...place, text: seenFlows(all) };
    return {
      ...base,
      outcome: 'failed',
      ...(expectedText !== undefined && { expected: expectedText }),
      found: 'no such flow',
      error,
    };
  }
  const judgedFlows = flows.map((flow) => ({
    flow,
    differences: expected ? judgeFlow(expected, flow, all) : [],
  }));
  const wrong = judgedFlows.find(({ differences }) => differences.length > 0);
  const flow = wrong?.flow ?? first;
  const found = describeFlow(flow, all, expected);
  const differences: readonly Difference[] = wrong?.differences ?? [];
  const rule = ruleOfFlow(flow, all);
  return {
    ...base,
    outcome: !expected ? 'error' : wrong ? 'failed' : 'passed',
    ...(expectedText !== undefined && { expected: expectedText }),
    found,
    differences,
    ...(!expected && {
      error: {
        ...place,
        text: 'nothing is expected of this flow',
        hint: `What holds: ${found}. nettrace test --update writes that.`,
      },
    }),
    ...(rule && { rule }),
    flow,
    ...((wrong || !expected) && { update: { slot, text: found } }),
  };
}

/** `flows:` and nothing behind it. */
function unaskedFlows({ emptyFlows }: CaseFile, all: Analysed): RowResult[] {
  if (!emptyFlows) return [];
  const { value: slot, place } = emptyFlows;
  const error = {
    ...place,
    text: 'nothing is expected of the flows',
    hint: 'nettrace test --update writes what holds.',
  };
  const rows = flowRows(all);
  return [
    {
      ...{
        section: 'flows',
        text: 'flows',
        place,
        outcome: 'error',
        assumptions: [],
        differences: [],
        error,
      },
      ...(rows.length > 0 && { update: { slot, text: '', rows } }),
    },
  ];
}

const MOST_SHOWN = 8;

function seenFlows({ analysis }: Analysed): string {
  const names = [...new Set(analysis.flows.map((flow) => flowQuestion(flow)))];
  if (names.length === 0) return 'the captures show no flow at all';
  const more = names.length > MOST_SHOWN ? `, and ${names.length - MOST_SHOWN} more` : '';
  return `the captures show ${names.slice(0, MOST_SHOWN).join(', ')}${more}`;
}

function findingRows({ findings, never }: CaseFile, { analysis }: Analysed): RowResult[] {
  const told = analysis.findings.filter(({ severity }) => severity !== 'info').map(({ cause }) => cause);
  const base = { assumptions: [], differences: [] } as const;
  const rows: RowResult[] = never.map(({ value, place }) => {
    const is = analysis.findings.some(({ cause, severity }) => cause === value && severity !== 'info');
    const row = { ...base, section: 'never', text: `never ${value}`, place } as const;
    if (!is) return { ...row, outcome: 'passed' };
    return {
      ...row,
      outcome: 'failed',
      expected: `no finding ${value}`,
      found: value,
      differences: [{ what: 'finding', expected: `no ${value}`, found: value }],
    };
  });
  if (!findings) return rows;
  if (!findings.causes) {
    const error = {
      ...findings.place,
      text: 'no finding is expected, and not none either',
      hint: `What holds: ${told.join(', ') || 'none'}. nettrace test --update writes that.`,
    };
    const row = { ...base, section: 'findings', text: 'findings', place: findings.place } as const;
    return [...rows, { ...row, outcome: 'error', error, ...updateOf(findings.slot, told) }];
  }
  const wanted = findings.causes.map(({ value }) => value.split(/\s+or\s+/));
  const lacking = wanted.filter((ids) => !ids.some((id) => told.includes(id))).map((ids) => ids.join(' or '));
  const extra = [...new Set(told)].filter((id) => !wanted.some((ids) => ids.includes(id)));
  const differences = [
    ...lacking.map((id) => ({ what: 'finding', expected: id, found: 'no such finding' })),
    ...extra.map((id) => ({ what: 'finding', expected: `no ${id}`, found: id })),
  ];
  rows.push({
    ...base,
    section: 'findings',
    text: 'findings',
    place: findings.place,
    outcome: differences.length > 0 ? 'failed' : 'passed',
    expected: wanted.map((ids) => ids.join(' or ')).join(', ') || 'none',
    found: [...new Set(told)].join(', ') || 'none',
    differences,
    ...(differences.length > 0 && updateOf(findings.slot, told)),
  });
  return rows;
}

function updateOf(slot: Slot | undefined, told: readonly string[]): Pick<RowResult, 'update'> {
  if (!slot) return {};
  const list = [...new Set(told)];
  return { update: { slot, text: list.length > 0 ? `[${list.join(', ')}]` : 'none' } };
}
