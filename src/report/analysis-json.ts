/** An analysis as JSON text, piece by piece: half a million flows are written as they are made. */
import type { Analysis, AnalysisFlow } from './analysis.ts';
import { jsonText } from './json.ts';

/** Flows whose text is handed on together. */
const TOGETHER = 256;

/** `more`: flows that follow those of the analysis. The same text as that of one object with all of them, indented by two. */
export function* analysisJson(analysis: Analysis, more: Iterable<AnalysisFlow>): Iterable<string> {
  let before = '{';
  for (const [key, value] of Object.entries(analysis)) {
    if (value === undefined) continue;
    yield `${before}\n  ${JSON.stringify(key)}: `;
    before = ',';
    if (key === 'flows') yield* list(analysis.flows, more);
    else yield indented(jsonText(value, 2), 2);
  }
  yield '\n}\n';
}

function* list(flows: readonly AnalysisFlow[], more: Iterable<AnalysisFlow>): Iterable<string> {
  let pieces: string[] = [];
  let before = '[';
  for (const part of [flows, more]) {
    for (const flow of part) {
      pieces.push(`${before}\n    ${indented(jsonText(flow, 2), 4)}`);
      before = ',';
      if (pieces.length < TOGETHER) continue;
      yield pieces.join('');
      pieces = [];
    }
  }
  yield `${pieces.join('')}${before === '[' ? '[]' : '\n  ]'}`;
}

function indented(text: string, by: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(by)}`);
}
