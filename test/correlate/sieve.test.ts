import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScanOptions } from '../../src/correlate/scan.ts';
import { BUDGET } from '../../src/correlate/sieve/choose.ts';
import { type AnalyzeResult, analyze } from '../../src/diagnose/analyze.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { analysisJson } from '../../src/report/analysis-json.ts';
import { assemble } from '../../src/report/assemble.ts';
import { countedFlows } from '../../src/report/counted.ts';
import { differences, readExpectation } from '../support/expectation.ts';

const PATIENCE = 300_000;
const ROOT = 'captures';
const names = readdirSync(ROOT).filter((name) => existsSync(join(ROOT, name, 'expect.json')));

async function analyzed(name: string, options: ScanOptions): Promise<AnalyzeResult> {
  return analyze(await resolveInputs([join(ROOT, name, 'bundle')]), options);
}

const sieved = (name: string) => analyzed(name, { sieveFrom: -1, budget: BUDGET });

const findingsOf = ({ findings }: Analysis) =>
  findings.map(({ cause, namespace, rule, confidence, fix }) => ({
    cause,
    namespace,
    rule: rule?.number,
    confidence,
    fix: fix?.commands,
    verified: fix?.verified,
  }));

const pointsOf = ({ scene }: AnalyzeResult) =>
  scene.correlation.points
    .map(({ input, interface: name, packets, bytes, first, last, cut, protocols }) =>
      JSON.stringify({ input, name, packets, bytes, first, last, cut, protocols: [...protocols].toSorted() }),
    )
    .toSorted();

/** Which are also read whole, to compare. */
const compared = names.map((name, index) => [name, index % 4 === 0] as const);

describe.each(compared)('%s, of which most flows are only counted', (name, isCompared) => {
  let own: AnalyzeResult | undefined;
  beforeAll(async () => {
    own = await sieved(name);
  }, PATIENCE);
  // What has been read is large: it is kept no longer than it is looked at.
  afterAll(() => {
    own = undefined;
  });

  it('is explained as it should be', () => {
    const result = own as AnalyzeResult;
    const whole = assemble(result);
    const analysis = { ...whole, flows: [...whole.flows, ...countedFlows(result)] };
    expect(differences(analysis, readExpectation(join(ROOT, name, 'expect.json'))).join('\n')).toBe('');
  });

  if (!isCompared) return;
  it(
    'has the findings that it has read whole',
    async () => {
      const result = own as AnalyzeResult;
      const whole = await analyzed(name, { sieveFrom: Number.POSITIVE_INFINITY });
      expect(findingsOf(assemble(result))).toEqual(findingsOf(assemble(whole)));
      expect(pointsOf(result)).toEqual(pointsOf(whole));
      const all = whole.flows.length;
      const seen = result.flows.length + (result.scene.correlation.counted?.count ?? 0);
      // Which packets are signed decides where NAT is noticed, and by chance where there is none.
      expect(Math.abs(seen - all)).toBeLessThanOrEqual(1 + all / 1000);
    },
    PATIENCE,
  );
});

describe('a recording of which most flows are only counted', () => {
  it(
    'has every flow in its JSON, those that were counted last and with what is known of them',
    async () => {
      const result = await analyzed('healthy-scanned-host', {
        sieveFrom: -1,
        budget: { ...BUDGET, alike: 2, ofClient: 0, working: 4, turning: 0 },
      });
      const analysis = assemble(result);
      const text = [...analysisJson(analysis, countedFlows(result))].join('');
      const read = JSON.parse(text) as Analysis;
      const counted = read.flows.filter((flow) => flow.counted);
      expect(counted).toHaveLength(analysis.counted?.flows ?? 0);
      expect(counted.length).toBeGreaterThan(100);
      expect(read.flows.slice(0, -counted.length)).toEqual(JSON.parse(JSON.stringify(analysis.flows)));
      expect(read.flows.map(({ id }) => id)).toEqual(read.flows.map((_, index) => index));
      for (const { like, status, findings } of counted) {
        if (like === undefined) continue;
        expect({ status, findings }).toEqual({
          status: read.flows[like]?.status,
          findings: read.flows[like]?.findings,
        });
      }
      const alike = counted.filter(({ like }) => like !== undefined).length;
      expect(alike).toBeGreaterThan(50);
      const { flows: _, ...rest } = read;
      const { flows: __, ...own } = analysis;
      expect(rest).toEqual(JSON.parse(JSON.stringify(own)));
      expect(text).toBe(`${JSON.stringify(read, null, 2)}\n`);
    },
    PATIENCE,
  );
});
