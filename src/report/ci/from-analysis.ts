/** An analysis as a CI system takes it: findings are problems and cases, so are groups of flows. */
import type { Issue } from '../../base/issue.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { type CataloguePage, pageMarkdown, partsOf } from '../cause-page.ts';
import { fails, flowName, groupFlows, isMeant, statusText } from '../text/flow-name.ts';
import {
  type CiCase,
  type CiPlace,
  type CiProblem,
  type CiReport,
  type CiRule,
  fixText,
  placeText,
} from './report.ts';

/** Groups of failing flows that have a case of their own. */
const MOST_GROUPS = 200;
const MOST_EVIDENCE = 40;

export interface Ran {
  readonly version: string;
  readonly pages: readonly CataloguePage[];
  /** What makes an input unusable, and what was doubtful. */
  readonly unusable: readonly Issue[];
}

export function analysisReport(analysis: Analysis, { version, pages, unusable }: Ran): CiReport {
  const { findings, flows } = analysis;
  const named = new Set(findings.map(({ cause }) => cause));
  const start = flows.reduce((first, flow) => Math.min(first, flow.start), Number.POSITIVE_INFINITY);
  const begun = Number.isFinite(start) && start > 0 ? { start } : {};
  const broken = new Set(unusable.map(({ text }) => text));
  return {
    command: 'analyze',
    version,
    problems: findings.map(problemOf),
    rules: pages.filter(({ id }) => named.has(id)).map(ruleOf),
    suites: [
      { name: 'nettrace.inputs', cases: inputCases(analysis, unusable) },
      { name: 'nettrace.findings', cases: distinct(findings.map(findingCase)), ...begun },
      { name: 'nettrace.flows', cases: distinct(flowCases(analysis)), ...begun },
    ],
    notices: [
      ...unusable.map(({ text, ...place }) => ({ severity: 'error' as const, text, ...placeOf(place) })),
      ...analysis.warnings
        .filter(({ text }) => !broken.has(text))
        .map(({ text, ...place }) => ({ severity: 'warning' as const, text, ...placeOf(place) })),
    ],
    successful: unusable.length === 0,
  };
}

function placeOf({ path, line, packet }: Partial<CiPlace>): { place?: CiPlace } {
  return path === undefined ? {} : { place: { path, line, packet } };
}

function problemOf(finding: Finding): CiProblem {
  const { cause, severity, confidence, title, explanation, namespace, rule, evidence, fix } = finding;
  const logical = [
    ...(namespace === undefined ? [] : [{ name: namespace, kind: 'namespace' }]),
    ...(finding.interface === undefined ? [] : [{ name: finding.interface, kind: 'resource' }]),
    ...(rule
      ? [
          { name: rule.table, kind: 'module' },
          { name: rule.chain, kind: 'function' },
        ]
      : []),
  ];
  const lasting = rule
    ? `${rule.table} ${rule.chain} ${rule.text}`
    : (finding.sysctl ?? finding.route ?? `${finding.interface ?? ''} ${title}`);
  return {
    rule: cause,
    severity,
    confidence,
    title,
    explanation,
    place: repairPlace(finding),
    logical,
    evidence: evidence.slice(0, MOST_EVIDENCE),
    fix,
    fingerprint: [cause, namespace ?? '', lasting].join('|'),
  };
}

/** The rule's line; else the line of a dump that the evidence cites, else the first file that it does. */
function repairPlace({ rule, evidence }: Finding): CiPlace | undefined {
  if (rule && rule.path !== '')
    return {
      path: rule.path,
      line: rule.line > 0 ? rule.line : undefined,
      text: rule.text,
      snippet: rule.text,
    };
  return (
    evidence.find(({ path, line, packet }) => path !== '' && line !== undefined && packet === undefined) ??
    evidence.find(({ path }) => path !== '')
  );
}

function ruleOf(page: CataloguePage): CiRule {
  const { id, title, severity, mechanism, group } = page;
  const text = partsOf(page)
    .map(([heading, body]) => `${heading}\n${typeof body === 'string' ? body : body.join('\n')}`)
    .join('\n\n');
  return { id, title, severity, summary: mechanism, text, markdown: pageMarkdown(page), group };
}

function inputCases({ inputs }: Analysis, unusable: readonly Issue[]): CiCase[] {
  const broken = unusable.map(({ path, line, packet, text, code }): CiCase => {
    const place = path === undefined ? 'the command line' : placeText({ path, line, packet });
    return { name: place, seconds: 0, outcome: 'error', type: code, message: text };
  });
  const read: CiCase = {
    name: 'inputs that are read',
    seconds: 0,
    outcome: 'passed',
    message: inputs.length === 1 ? '1 input' : `${inputs.length} inputs`,
  };
  return distinct([...broken, read]);
}

function findingCase(finding: Finding): CiCase {
  const { cause, severity, title } = finding;
  const name = `${cause}: ${title}`;
  if (severity === 'info') return { name, seconds: 0, outcome: 'passed' };
  return {
    name,
    seconds: 0,
    outcome: 'failed',
    type: cause,
    message: title,
    details: findingDetails(finding),
  };
}

function findingDetails(finding: Finding): string {
  const { explanation, evidence, fix, confidence } = finding;
  const place = repairPlace(finding);
  const parts = [
    place && `${placeText(place)}${place.text === undefined ? '' : `: ${place.text}`}`,
    explanation,
    `Evidence (${Math.round(confidence * 100)} % sure):\n${evidence
      .slice(0, MOST_EVIDENCE)
      .map((one) => `  ${placeText(one)}: ${one.text}`)
      .join('\n')}`,
    fix && `Fix:\n${fixText(fix)}`,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function flowCases(analysis: Analysis): CiCase[] {
  const { flows, findings, counted } = analysis;
  const troubled = flows.filter((flow) => fails(flow, findings) || flow.status === 'degraded');
  const groups = groupFlows(troubled);
  const cases = groups.slice(0, MOST_GROUPS).map(({ name, flows: members }): CiCase => {
    const [first] = members as [AnalysisFlow];
    const why = first.findings.map((index) => findings[index]).find((finding) => finding !== undefined);
    const status = statusText(first);
    return {
      name,
      seconds: members.reduce((most, { start, end }) => Math.max(most, end - start), 0),
      outcome: 'failed',
      type: first.status,
      message: why ? `${status}: ${why.title}` : status,
      details: [
        ...members
          .slice(0, MOST_EVIDENCE)
          .map((flow) => `${flowName(flow)}: ${flow.packets.forward} there, ${flow.packets.reply} back`),
        ...(members.length > MOST_EVIDENCE ? [`… and ${members.length - MOST_EVIDENCE} more`] : []),
        ...(first.divergence ? [`after ${first.divergence.after}: ${first.divergence.text}`] : []),
      ].join('\n'),
    };
  });
  const more = groups.slice(MOST_GROUPS).reduce((sum, { flows: members }) => sum + members.length, 0);
  if (more > 0) cases.push(summed('more flows that fail', 'failed', numbered(more)));
  const failing = (counted?.failing ?? 0) + (counted?.degraded ?? 0);
  if (failing > 0)
    cases.push(
      summed('counted flows that fail', 'failed', `${numbered(failing)}, like flows that were looked at`),
    );
  const count = (status: AnalysisFlow['status']) => flows.filter((flow) => flow.status === status).length;
  const delivered = count('delivered') + (counted?.delivered ?? 0);
  if (delivered > 0) cases.push(summed('flows that are answered', 'passed', numbered(delivered)));
  const meant =
    flows.filter((flow) => /^(dropped|rejected|no-reply)$/.test(flow.status) && isMeant(flow, findings))
      .length + (counted?.meant ?? 0);
  if (meant > 0) cases.push(summed('flows that end as they are meant to', 'passed', numbered(meant)));
  const unknown = count('unknown') + (counted?.unknown ?? 0);
  if (unknown > 0) cases.push(summed('flows that show too little to tell', 'skipped', numbered(unknown)));
  return cases;
}

function numbered(count: number): string {
  return count === 1 ? '1 flow' : `${count} flows`;
}

function summed(name: string, outcome: CiCase['outcome'], message?: string): CiCase {
  return { name, seconds: 0, outcome, message };
}

/** The second of one name is told apart by its number. */
function distinct(cases: readonly CiCase[]): CiCase[] {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const times = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, times);
    return times === 1 ? one : { ...one, name: `${one.name} (${times})` };
  });
}
