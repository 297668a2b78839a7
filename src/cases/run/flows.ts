/** What is expected of the flows of captures, held against their analysis. */
import { addTo } from '../../base/group-by.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Finding } from '../../diagnose/finding.ts';
import { isFault } from '../../filter/fault.ts';
import type { Filter } from '../../filter/filter.ts';
import { compileFilter } from '../../filter/match.ts';
import { knownNames, namesIn, resolveNames } from '../../filter/names.ts';
import { parseFilter } from '../../filter/parse.ts';
import { parsePasted } from '../../filter/pasted.ts';
import { formatIp } from '../../net/ip.ts';
import type { Analysis, AnalysisFlow } from '../../report/analysis.ts';
import { assemble } from '../../report/assemble.ts';
import type { By } from '../language/by.ts';
import { printBy } from '../language/by.ts';
import { type Address, addressText } from '../language/end.ts';
import { type FlowOutcome, printFlowOutcome } from '../language/flow-outcome.ts';
import type { Difference } from './judge.ts';
import type { RowResult } from './result.ts';

export interface Analysed {
  readonly result: AnalyzeResult;
  readonly analysis: Analysis;
}

export function analysed(result: AnalyzeResult): Analysed {
  return { result, analysis: assemble(result) };
}

/** The flows that a row is about; a text where a name in it is nobody's. */
export function flowsOf(text: string, { result, analysis }: Analysed): AnalysisFlow[] | string {
  const filter = parsePasted(text) ?? parseFilter(text);
  if (isFault(filter)) return filter.fault;
  const { correlation, snapshot } = result.scene;
  const names = knownNames(snapshot);
  const stranger = namesIn(filter).find((name) => !names.has(name));
  if (stranger !== undefined)
    return `no container or namespace is called ${stranger}; known: ${[...names.keys()].join(', ') || 'none'}`;
  const ids = matching(resolveNames(filter, names), correlation.flows);
  return analysis.flows.filter(({ id }) => ids.has(id));
}

function matching(filter: Filter, flows: AnalyzeResult['scene']['correlation']['flows']): Set<number> {
  const begin = flows.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
  const test = compileFilter(filter, begin);
  const asked = flows.filter(({ legs, protocol, start, end }) =>
    test({ faces: legs.map(({ client, server }) => ({ protocol, client, server })), start, end }),
  );
  return new Set(asked.map(({ id }) => id));
}

export function judgeFlow(expected: FlowOutcome, flow: AnalysisFlow, { analysis }: Analysed): Difference[] {
  const { statuses, healthy, clauses, orBy, seen, notSeen, lastSeen, fix } = expected;
  const finding = causeOf(flow, analysis);
  const differences: Difference[] = [];
  const differ = (what: string, wanted: string, found: string) =>
    differences.push({ what, expected: wanted, found });
  if (!statuses.includes(flow.status)) differ('status', statuses.join(' or '), flow.status);
  if (healthy && finding && finding.severity !== 'info') differ('findings', 'none', finding.cause);
  if (clauses.by && !isFoundBy(clauses.by, orBy, finding))
    differ(
      'by',
      [printBy(clauses.by), ...orBy].join(' or '),
      finding ? foundBy(clauses.by, finding) : 'nothing',
    );
  if (clauses.in !== undefined && finding?.namespace !== clauses.in)
    differ('in', clauses.in, finding?.namespace ?? 'nowhere in particular');
  const places = placesOf(flow);
  for (const at of seen) if (!places.includes(at)) differ('seen at', at, places.join(', ') || 'nowhere');
  for (const at of notSeen) if (places.includes(at)) differ('not seen at', at, `seen at ${at}`);
  if (lastSeen !== undefined && places.at(-1) !== lastSeen)
    differ('last seen at', lastSeen, places.at(-1) ?? 'nowhere');
  const tuples = flow.sightings.filter(({ direction }) => direction === 'forward').map(({ tuple }) => tuple);
  for (const [what, end] of [
    ['as', clauses.as],
    ['to', clauses.to],
  ] as const)
    if (end && !tuples.some((tuple) => isEnd(tuple, what, end)))
      differ(what, addressText(end), tuples.join(', ') || 'not seen');
  const commands = [...(finding?.fix?.commands ?? []), finding?.fix?.effect ?? ''].join('\n');
  if (fix !== undefined && !commands.includes(fix))
    differ('fix', fix, finding?.fix?.commands.join('; ') || 'none');
  return differences;
}

function isEnd(tuple: string, what: 'as' | 'to', { address, port }: Address): boolean {
  const text = tuple.split(' > ')[what === 'as' ? 0 : 1] ?? '';
  if (port !== undefined) return text === addressText({ address, port });
  const ip = formatIp(address);
  return text === ip || text.startsWith(ip.includes(':') ? `[${ip}]` : `${ip}:`);
}

/** Points that saw it on its way there, in order. */
function placesOf({ sightings }: AnalysisFlow): string[] {
  return [
    ...new Set(sightings.filter(({ direction }) => direction === 'forward').map(({ capture }) => capture)),
  ];
}

/** Its cause comes first. */
function causeOf({ findings: [first] }: AnalysisFlow, { findings }: Analysis): Finding | undefined {
  return first === undefined ? undefined : findings[first];
}

/** The rule or policy that its finding names. */
export function ruleOfFlow(flow: AnalysisFlow, { analysis }: Analysed): RowResult['rule'] {
  const rule = causeOf(flow, analysis)?.rule;
  if (!rule) return undefined;
  const { path, line, text } = rule;
  return { ...(path !== '' && { path }), ...(line > 0 && { line }), text };
}

export function isFoundBy(by: By, orBy: readonly string[], finding: Finding | undefined): boolean {
  if (!finding) return false;
  if (orBy.includes(finding.cause)) return true;
  if (by.kind === 'cause') return finding.cause === by.id;
  if (by.kind === 'sysctl') return finding.sysctl === by.name;
  const { rule } = finding;
  // Of nft chains a finding's table is `inet fw`.
  const table = by.family === undefined ? by.table : `${by.family} ${by.table}`;
  if (rule?.table !== table || rule.chain !== by.chain) return false;
  if (by.number === 'policy') return isPolicy(rule.text);
  if (by.number !== undefined) return rule.number === by.number;
  return by.text === undefined || rule.text.includes(by.text);
}

/** As a finding has it: `-P FORWARD DROP`, and of nft chains `policy drop`. */
function isPolicy(text: string): boolean {
  return /^(-P|policy) /.test(text);
}

/** In the terms in which it was asked for. */
function foundBy(by: By, { rule, sysctl, cause }: Finding): string {
  if (by.kind === 'sysctl') return sysctl ?? cause;
  return by.kind === 'rule' && rule
    ? `${rule.table} ${rule.chain} ${isPolicy(rule.text) ? 'policy' : rule.number}`
    : cause;
}

/** What holds of it, in the language; `asked`: in its terms. */
export function describeFlow(flow: AnalysisFlow, { analysis }: Analysed, asked?: FlowOutcome): string {
  const finding = causeOf(flow, analysis);
  const troubled = finding !== undefined && finding.severity !== 'info';
  const healthy = flow.status === 'delivered' && !troubled;
  const places = placesOf(flow);
  const says = (name: 'by' | 'in') => (asked ? asked.clauses[name] !== undefined : troubled);
  const by: By | undefined = finding && { kind: 'cause', id: finding.cause };
  const askedBy = asked?.clauses.by;
  const kept = askedBy && isFoundBy(askedBy, asked.orBy, finding) ? askedBy : by;
  const last = places.at(-1);
  return printFlowOutcome({
    statuses: [flow.status],
    healthy: healthy && (asked ? asked.healthy : true),
    clauses: {
      ...(kept && (says('by') || (asked?.healthy && troubled)) && { by: kept }),
      ...(finding?.namespace !== undefined && says('in') && { in: finding.namespace }),
    },
    orBy: kept === askedBy ? (asked?.orBy ?? []) : [],
    seen: (asked?.seen ?? []).filter((at) => places.includes(at)),
    notSeen: (asked?.notSeen ?? []).filter((at) => !places.includes(at)),
    ...(last !== undefined && (asked ? asked.lastSeen !== undefined : troubled) && { lastSeen: last }),
  });
}

/** All flows as rows that hold: those that fare alike between two ends are one. */
export function flowRows(all: Analysed): [question: string, holds: string][] {
  const groups = new Map<string, { flow: AnalysisFlow; holds: string }[]>();
  for (const flow of all.analysis.flows) {
    const question = flowQuestion(flow);
    addTo(groups, question, { flow, holds: describeFlow(flow, all) });
  }
  return [...groups].flatMap(([question, group]) => {
    const ways = new Set(group.map(({ holds }) => holds));
    const [only = ''] = ways;
    if (ways.size === 1) return [[question, only]];
    return group.map(({ flow, holds }): [string, string] => [flowQuestion(flow, true), holds]);
  });
}

/** As a row's question says it; without the client's port, which the next one has otherwise. */
export function flowQuestion(flow: AnalysisFlow, withPort = false): string {
  const { protocol, client, server } = flow;
  const end = ({ address, port }: AnalysisFlow['server']) =>
    port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return `${protocol} ${withPort ? end(client) : client.address} > ${end(server)}`;
}
