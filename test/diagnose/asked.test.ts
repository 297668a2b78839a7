/** An analysis of flows that a filter asks for says of them what the analysis of everything says. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScanOptions } from '../../src/correlate/scan.ts';
import { BUDGET } from '../../src/correlate/sieve/choose.ts';
import { analyze } from '../../src/diagnose/analyze.ts';
import { isFault } from '../../src/filter/fault.ts';
import type { Filter } from '../../src/filter/filter.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';
import { assemble } from '../../src/report/assemble.ts';
import { flowName } from '../../src/report/text/flow-name.ts';

const ROOT = 'captures';
const PATIENCE = 120_000;
const incidents = readdirSync(ROOT)
  .filter((name) => !name.startsWith('healthy-') && existsSync(join(ROOT, name, 'bundle')))
  .filter((_, index) => index % 5 === 0);

async function analysisOf(name: string, options: ScanOptions = {}): Promise<Analysis> {
  return assemble(await analyze(await resolveInputs([join(ROOT, name, 'bundle')]), options));
}

function filterOf(text: string): Filter {
  const filter = parseFilter(text);
  if (isFault(filter)) throw new Error(filter.fault);
  return filter;
}

const told = ({ findings }: Analysis, flow: AnalysisFlow | undefined) =>
  flow && {
    name: flowName(flow),
    status: flow.status,
    predicted: flow.predicted,
    causes: flow.findings.map((index) => {
      const { cause, rule, sysctl, route, confidence } = findings[index] as Analysis['findings'][0];
      return { cause, rule: rule?.number, sysctl, route, confidence };
    }),
  };

describe('a flow that is asked for by its name', () => {
  it.each(incidents)(
    'of %s fares and fails for the same reasons as among all',
    async (name) => {
      const whole = await analysisOf(name);
      const flow = whole.flows.find(({ findings }) => findings.length > 0) ?? whole.flows[0];
      if (!flow) return;
      const filter = filterOf(flowName(flow));
      const own = await analysisOf(name, { filter });
      expect(
        told(
          own,
          own.flows.find(({ id }) => id === flow.id),
        ),
      ).toEqual(told(whole, flow));
      expect(own.filter?.flows).toBe(whole.flows.length);
      expect(own.filter?.matched).toBe(own.flows.length);
    },
    PATIENCE,
  );

  it(
    'is found among those that were only counted',
    async () => {
      const options = { sieveFrom: -1, budget: { ...BUDGET, alike: 2, ofClient: 0, working: 4, turning: 0 } };
      const whole = await analysisOf('healthy-scanned-host', { sieveFrom: Number.POSITIVE_INFINITY });
      const flow = whole.flows.at(-1) as AnalysisFlow;
      const filter = filterOf(flowName(flow));
      const own = await analysisOf('healthy-scanned-host', { ...options, filter });
      expect(own.flows.map(flowName)).toEqual([flowName(flow)]);
      expect(own.counted).toBeUndefined();
      expect(told(own, own.flows[0])).toEqual(told(whole, flow));
    },
    PATIENCE,
  );
});

it(
  'finds a flow by what it was before and behind NAT',
  async () => {
    const whole = await analysisOf('healthy-udp-dnat');
    const translated = whole.flows.find(
      ({ sightings }) => new Set(sightings.map(({ tuple }) => tuple)).size > 2,
    ) as AnalysisFlow;
    for (const { tuple } of translated.sightings) {
      const own = await analysisOf('healthy-udp-dnat', { filter: filterOf(tuple.replace('>', '<>')) });
      expect(own.flows.map(({ id }) => id)).toContain(translated.id);
    }
  },
  PATIENCE,
);
