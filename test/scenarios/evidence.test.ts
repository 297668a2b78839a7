import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { analyzeFiles } from '../support/expectation.ts';

/** A finding is worth what it cites: every packet and line that one names has to be there. */
const BUNDLES = [
  ['captures', 'expect.json'],
  ['../shared/scenarios', 'expected.json'],
].flatMap(([root = '', truth = '']) =>
  existsSync(root)
    ? readdirSync(root)
        .filter((name) => existsSync(join(root, name, truth)))
        .map((name) => join(root, name, 'bundle'))
    : [],
);

function unresolved(analysis: Analysis): string[] {
  const packets = new Map(analysis.inputs.map(({ path, packets }) => [path, packets]));
  return analysis.findings.flatMap(({ cause, evidence, rule, confidence, flows }) => {
    const wrong: string[] = [];
    if (evidence.length === 0) wrong.push(`${cause} cites nothing`);
    if (confidence < 0 || confidence > 1) wrong.push(`${cause}: confidence ${confidence}`);
    if (flows.some((id) => analysis.flows[id]?.id !== id))
      wrong.push(`${cause}: names flows that are not there`);
    for (const { path, line, packet } of [...evidence, ...(rule ? [rule] : [])] as {
      path: string;
      line?: number;
      packet?: number;
    }[]) {
      const count = packets.get(path);
      if (!packets.has(path)) wrong.push(`${cause}: ${path} is no input`);
      else if (packet !== undefined && (count === undefined || packet < 1 || packet > count))
        wrong.push(`${cause}: packet ${packet} of ${path}`);
      else if (line !== undefined && (line < 1 || line > readFileSync(path, 'utf8').split('\n').length))
        wrong.push(`${cause}: line ${line} of ${path}`);
    }
    return wrong;
  });
}

describe('citations', () => {
  it.each(BUNDLES)(
    'of %s resolve',
    async (bundle) => {
      expect(unresolved(await analyzeFiles(bundle))).toEqual([]);
    },
    300_000,
  );
});
