/** The analysis itself, which nobody has but the thread that makes it. */
import type { InputLimits } from '../base/limits.ts';
import { analyze } from '../diagnose/analyze.ts';
import { whatIf } from '../diagnose/what-if.ts';
import { resolveFiles } from '../input/resolve.ts';
import type { Analysis } from '../report/analysis.ts';
import { assemble } from '../report/assemble.ts';
import { countedFlows } from '../report/counted.ts';
import type { BundleFile } from './analyst.ts';

/** Bytes of packets from which on flows that fare alike are looked at by the first of them; the others are counted. */
const SIEVED = 1 << 18;
const BUDGET = {
  alike: 4,
  ofClient: 1,
  ofScanner: 16,
  failing: 64,
  working: 96,
  workingAlike: 3,
  turning: 32,
};
/** Flows that are told of one by one. */
const MOST_FLOWS = 600;

/** What the packets are called in evidence: `live/captures/host/eth0.pcap`. */
const NAME = 'live';

export async function analyseBundle(
  bundle: readonly BundleFile[],
  commands: readonly string[] = [],
  limits: Partial<InputLimits> = {},
): Promise<Analysis> {
  const inputs = await resolveFiles(NAME, bundle, { ignoreUnknown: true, limits });
  const result = await analyze(inputs, { threads: 1, sieveFrom: SIEVED, budget: BUDGET });
  const tried = commands.length === 0 ? undefined : whatIf(result.scene, commands);
  if (typeof tried === 'string') throw new Error(tried);
  const analysis = assemble(result, tried);
  for (const flow of countedFlows(result)) {
    if (analysis.flows.length >= MOST_FLOWS) break;
    analysis.flows.push(flow);
  }
  return analysis;
}
