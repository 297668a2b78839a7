import { readFileSync } from 'node:fs';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveFiles, resolveInputs } from '../../src/input/resolve.ts';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';
import { assemble } from '../../src/report/assemble.ts';
import { countedFlows } from '../../src/report/counted.ts';
import type { BundleFile } from './bundle-files.ts';

/** The truth of a recorded incident: `expected.json` of a scenario, `expect.json` of an example. */
export interface Expectation {
  readonly flows: readonly ExpectedFlow[];
}

interface ExpectedFlow {
  readonly protocol: string;
  readonly client: string;
  readonly server: string;
  readonly port: number | null;
  readonly clientPort?: number;
  readonly status: string;
  readonly statusAlso?: readonly string[];
  readonly cause: string | null;
  readonly alsoAcceptable?: readonly string[];
  readonly namespace: string | null;
  readonly namespaceAlso?: readonly string[];
  readonly rule: { readonly table: string; readonly chain: string; readonly number: number | null } | null;
  readonly sysctl?: string;
  readonly mustNot?: readonly string[];
  readonly fixCommandShouldContain?: string;
  readonly observed?: boolean;
}

export function readExpectation(path: string): Expectation {
  return JSON.parse(readFileSync(path, 'utf8')) as Expectation;
}

/** The whole main job, as `nettrace analyze ARGS --format json` does it: flows that were only counted come last. */
export async function analyzeFiles(...args: string[]): Promise<Analysis> {
  const result = await analyze(await resolveInputs(args));
  const analysis = assemble(result);
  return { ...analysis, flows: [...analysis.flows, ...countedFlows(result)] };
}

/** The same of a bundle that is in memory; `path`: what it is called. */
export async function analyzeInMemory(path: string, files: readonly BundleFile[]): Promise<Analysis> {
  return assemble(await analyze(await resolveFiles(path, files, {})));
}

/** Every way in which the analysis differs from the truth; empty when it is right. */
export function differences(analysis: Analysis, { flows }: Expectation): string[] {
  const wrong = flows.flatMap((expected) => flowDifferences(analysis, expected));
  const healthy = flows.every(({ cause }) => cause === null);
  const errors = analysis.findings.filter(({ severity }) => severity === 'error');
  if (healthy) wrong.push(...errors.map(({ cause, title }) => `healthy, but reports ${cause}: ${title}`));
  return wrong;
}

function flowDifferences(analysis: Analysis, expected: ExpectedFlow): string[] {
  const name = `${expected.protocol} ${expected.client} > ${expected.server}:${expected.port}`;
  const wrong: string[] = [];
  const forbidden = analysis.findings.filter(
    ({ cause, severity }) => severity === 'error' && expected.mustNot?.includes(cause),
  );
  wrong.push(...forbidden.map(({ cause }) => `${name}: names ${cause}`));
  const causes = expected.cause === null ? [] : [expected.cause, ...(expected.alsoAcceptable ?? [])];
  if (expected.observed === false) {
    const finding = analysis.findings.find(({ cause }) => causes.includes(cause));
    if (expected.cause !== null && !finding) {
      wrong.push(
        `${name}: no finding ${causes.join(' or ')}; has ${analysis.findings.map(({ cause }) => cause).join(', ')}`,
      );
    }
    if (finding) wrong.push(...placeDifferences(name, finding, expected));
    return wrong;
  }
  const candidates = analysis.flows.filter((flow) => matches(flow, expected));
  if (candidates.length === 0) return [...wrong, `${name}: no such flow`];
  for (const flow of candidates) {
    if (![expected.status, ...(expected.statusAlso ?? [])].includes(flow.status)) {
      wrong.push(`${name}: status ${flow.status}, expected ${expected.status}`);
    }
    const top = flow.findings[0] === undefined ? undefined : analysis.findings[flow.findings[0]];
    if (expected.cause === null) {
      if (top && top.severity === 'error') wrong.push(`${name}: ${top.cause}, expected healthy`);
      continue;
    }
    if (!top || !causes.includes(top.cause)) {
      wrong.push(`${name}: cause ${top?.cause} (${top?.confidence}), expected ${causes.join(' or ')}`);
      continue;
    }
    wrong.push(...placeDifferences(name, top, expected));
  }
  return wrong;
}

function placeDifferences(
  name: string,
  finding: Analysis['findings'][number],
  expected: ExpectedFlow,
): string[] {
  const wrong: string[] = [];
  const places = [expected.namespace, ...(expected.namespaceAlso ?? [])];
  if (expected.namespace !== null && !places.includes(finding.namespace ?? null)) {
    wrong.push(`${name}: in ${finding.namespace}, expected ${expected.namespace}`);
  }
  if (expected.rule) {
    const { table, chain, number } = expected.rule;
    const { rule } = finding;
    if (rule?.table !== table || rule.chain !== chain || (number !== null && rule.number !== number)) {
      wrong.push(
        `${name}: rule ${rule?.table} ${rule?.chain} ${rule?.number}, expected ${table} ${chain} ${number}`,
      );
    }
  }
  if (expected.sysctl !== undefined && finding.sysctl !== expected.sysctl) {
    wrong.push(`${name}: sysctl ${finding.sysctl}, expected ${expected.sysctl}`);
  }
  const wanted = expected.fixCommandShouldContain;
  const advice = [...(finding.fix?.commands ?? []), finding.fix?.effect ?? ''].join('\n');
  if (wanted !== undefined && finding.cause === expected.cause && !advice.includes(wanted)) {
    wrong.push(`${name}: fix lacks "${wanted}": ${advice}`);
  }
  return wrong;
}

function matches(flow: AnalysisFlow, expected: ExpectedFlow): boolean {
  return (
    flow.protocol === expected.protocol &&
    flow.client.address === expected.client &&
    flow.server.address === expected.server &&
    (expected.port === null || flow.server.port === expected.port) &&
    (expected.clientPort === undefined || flow.client.port === expected.clientPort)
  );
}

/** From this confidence on a finding is an assertion, below it a suspicion. */
const CERTAIN = 0.6;

/** Assertions that are false: for inputs that hold only a part of what is known. */
export function confidentErrors(analysis: Analysis, { flows }: Expectation): string[] {
  const certain = analysis.findings.filter(
    ({ severity, confidence }) => severity === 'error' && confidence >= CERTAIN,
  );
  const wrong = flows.flatMap((expected) => {
    const causes = expected.cause === null ? [] : [expected.cause, ...(expected.alsoAcceptable ?? [])];
    const ids = analysis.flows.filter((flow) => matches(flow, expected)).map(({ id }) => id);
    return certain
      .filter(
        ({ flows: named, cause }) =>
          (named.some((id) => ids.includes(id)) && !causes.includes(cause)) ||
          expected.mustNot?.includes(cause),
      )
      .map(
        ({ cause, confidence, title }) =>
          `${expected.protocol} ${expected.client} > ${expected.server}: ${cause} (${confidence}): ${title}; it is ${causes.join(' or ') || 'healthy'}`,
      );
  });
  const allowed = new Set(flows.flatMap(({ cause, alsoAcceptable = [] }) => [cause, ...alsoAcceptable]));
  if (flows.every(({ cause }) => cause === null)) {
    wrong.push(
      ...certain
        .filter(({ cause }) => !allowed.has(cause))
        .map(({ cause, title }) => `healthy, but ${cause}: ${title}`),
    );
  }
  return [...new Set(wrong)];
}
