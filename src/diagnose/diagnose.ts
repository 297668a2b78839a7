import { addTo } from '../base/group-by.ts';
import type { Flow } from '../correlate/flow.ts';
import { unseenFlow } from '../correlate/merge.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { fateOf } from '../correlate/predict.ts';
import type { FlowStatus } from '../correlate/status.ts';
import { askedFlows, changesAmong } from './asked.ts';
import { type Case, modelDrop, type Scene } from './case.ts';
import type { Command, Found } from './cause.ts';
import { CAUSES } from './causes.ts';
import type { Change } from './change/change.ts';
import { changesOf } from './change/changes.ts';
import { type Judged, judge } from './change/judged.ts';
import { clockTime } from './change/words.ts';
import { seenAt } from './evidence.ts';
import { asMeant } from './expected.ts';
import type { Finding } from './finding.ts';
import { type Diagnosed, explain, unpredicted } from './flow-case.ts';
import { prove } from './repair.ts';

/** A flow with its status and what explains it. */
export interface DiagnosedFlow {
  /** Of its failing part, where it turned while it was captured. */
  readonly kase: Case;
  /** All of it. */
  readonly flow: Flow;
  readonly status: FlowStatus;
  /** Indexes into Diagnosis.findings, the cause first. */
  readonly findings: readonly number[];
}

export interface Diagnosis {
  readonly scene: Scene;
  readonly flows: readonly DiagnosedFlow[];
  /** Most important first. */
  readonly findings: readonly Finding[];
  /** Moments from which traffic behaves otherwise, in order of time. */
  readonly changes: readonly Change[];
}

/** A finding in the making: one incident, with the flows it explains. */
interface Incident {
  /** The host as it was then. */
  readonly scene: Scene;
  /** What explains it best, of all its flows. */
  readonly diagnosed: Diagnosed;
  readonly flows: Flow[];
  /** The fixes of its first flows: one repair has to serve them all. */
  readonly fixes: Command[];
}

/** How far it is: of so many flows and findings that have to be worked out. */
export interface DiagnosisStep {
  readonly done: number;
  readonly total: number;
}

/**
 * Explains every flow, then what no flow tells of; flows that fail for the same reason are one finding. Where a filter asks for some
 * flows, these are explained, and what no flow tells of is of interest where one of them fails unexplained. Others can have
 * their turn between its steps.
 */
export function* diagnosing(scene: Scene): Generator<DiagnosisStep, Diagnosis> {
  const incidents = new Map<string, Incident>();
  const refuted: Diagnosed[] = [];
  let healthy = 0;
  const asked = askedFlows(scene.correlation);
  const explained: { kase: Case; diagnosed: Diagnosed | undefined; partly: boolean }[] = [];
  for (const flow of asked) {
    if (isHealthy(flow) && ++healthy > HEALTHY_PREDICTED) {
      explained.push({ kase: unpredicted(scene, flow), diagnosed: undefined, partly: false });
      continue;
    }
    yield { done: explained.length, total: asked.length };
    const judged = judge(scene, flow);
    const { kase } = judged;
    const why = isCarried(kase) ? undefined : explain(kase);
    const explanation = why && asMeant(kase, why);
    const diagnosed = explanation && doubted(judged, explanation);
    if (diagnosed) note(incidents, diagnosed, kase, kase.flow);
    if (diagnosed && diagnosed !== explanation) refuted.push(diagnosed);
    for (const more of remarks(kase)) note(incidents, more, kase, kase.flow);
    explained.push({ kase, diagnosed, partly: judged.partly });
  }
  // What one flow of an incident refutes, the others can't prove.
  for (const diagnosed of refuted) {
    const key = incidentKey(diagnosed);
    const incident = incidents.get(key);
    if (incident) incidents.set(key, { ...incident, diagnosed });
  }
  const open = explained.some(
    ({ kase, diagnosed }) => !diagnosed && statusOf(kase, undefined) !== 'delivered',
  );
  for (const diagnosed of scene.correlation.asked && !open ? [] : surveys(scene)) {
    if (!isCovered([...incidents.values()], diagnosed)) note(incidents, diagnosed, scene);
  }
  const sorted = [...incidents.values()].toSorted(byImportance);
  const findings: Finding[] = [];
  for (const incident of sorted) {
    yield { done: asked.length + findings.length, total: asked.length + sorted.length };
    findings.push(toFinding(incident));
  }
  const named = new Map<number, number[]>();
  for (const [index, incident] of sorted.entries()) {
    for (const { id } of incident.flows) addTo(named, id, index);
  }
  const flows = explained.map(({ kase, diagnosed, partly }, index) => ({
    kase,
    flow: asked[index] as Flow,
    status: partly ? ('degraded' as const) : statusOf(kase, diagnosed),
    findings: named.get(kase.flow.id) ?? [],
  }));
  const changes = changesAmong(changesOf(scene, findings), scene.correlation);
  return {
    scene,
    flows,
    findings: findings.map((finding, index) => withChange(scene, finding, index, changes)),
    changes,
  };
}

/** What the dumps say against a flow that later worked with them, or worked with them before, is no proof. */
function doubted({ kase, refuted }: Judged, diagnosed: Diagnosed): Diagnosed {
  if (!refuted || diagnosed.found.confidence < DOUBTED || !modelDrop(kase)) return diagnosed;
  const works = refuted.became === 'answered' ? refuted.first : refuted.last;
  const against = seenAt(
    kase,
    works,
    'against it: the same traffic works here, and no other dumps are of that time',
  );
  const { found } = diagnosed;
  return {
    ...diagnosed,
    found: { ...found, confidence: DOUBTED, evidence: [...found.evidence, against] },
  };
}

/** Below what counts as certain. */
const DOUBTED = 0.5;

/** Which change in time ended, or began, the trouble that a finding explains. */
function withChange(scene: Scene, finding: Finding, index: number, changes: readonly Change[]): Finding {
  const change = changes.findIndex(({ findings }) => findings.includes(index));
  const moment = changes[change];
  if (!moment) return finding;
  const works = moment.became === 'answered';
  const isOfThen = (id: number) => {
    const start = scene.correlation.flows[id]?.start ?? Number.NaN;
    return moment.flows.includes(id) || (works ? start < moment.time : start >= moment.time);
  };
  if (!finding.flows.every(isOfThen)) return { ...finding, change };
  const at = clockTime(moment.time);
  const { fix } = finding;
  const done = works && moment.proven ? ' By the later dumps that has been done.' : '';
  return {
    ...finding,
    change,
    title: `${finding.title}, ${works ? `until ${at}` : `from ${at} on`}`,
    explanation: `${finding.explanation} ${works ? `The same traffic works from ${at} on.` : `The same traffic worked until ${at}.`}`,
    evidence: [...finding.evidence, works ? moment.after : moment.before],
    ...(fix && { fix: { ...fix, effect: `${fix.effect}${done}` } }),
  };
}

/** Of so many healthy flows the path is worked out; of those after them it is only said that they are. */
const HEALTHY_PREDICTED = 2000;

/** A tunnel's packet that gets to the other end, as far as the model and the captures tell: nobody answers it as such. */
function isCarried({ flow, prediction, outcome }: Case): boolean {
  return (
    flow.tunnel !== undefined &&
    prediction !== undefined &&
    fateOf(prediction.there) === 'delivered' &&
    !outcome.refusal &&
    !prediction.checks.some(({ missing }) => missing)
  );
}

/** Answered, and to the end. */
function isHealthy(flow: Flow): boolean {
  const { status, stalled, reset, unansweredTail } = outcomeOf(flow);
  return status === 'delivered' && !stalled && !reset && !unansweredTail;
}

/** As many flows of one incident are repaired and replayed one by one. */
const REPLAYED = 8;

function note(incidents: Map<string, Incident>, diagnosed: Diagnosed, scene: Scene, flow?: Flow): void {
  const key = incidentKey(diagnosed);
  const known = incidents.get(key);
  const flows = known?.flows ?? [];
  const fixes = known?.fixes ?? [];
  if (flows.length < REPLAYED) {
    for (const command of diagnosed.found.fix ?? []) {
      if (!fixes.some(({ namespace, text }) => namespace === command.namespace && text === command.text))
        fixes.push(command);
    }
  }
  if (flow) flows.push(flow);
  // What is inside tells more than what carries it.
  const better =
    !known || (flow?.tunnel === undefined && diagnosed.found.confidence > known.diagnosed.found.confidence);
  incidents.set(key, {
    scene: better ? scene : known.scene,
    diagnosed: better ? diagnosed : known.diagnosed,
    flows,
    fixes,
  });
}

/** Same cause, same place. Where no rule or setting names the place, the words of the title do. */
function incidentKey({ cause, found }: Diagnosed): string {
  const place = [
    found.rule && `${found.rule.table} ${found.rule.chain} ${found.rule.number}`,
    found.sysctl,
    found.route,
  ];
  const named = place.some((part) => part !== undefined) || found.group !== undefined;
  return [cause.id, found.namespace, ...place, found.group, named ? '' : found.title].join('|');
}

const REMARKING = CAUSES.filter(({ also }) => also !== undefined);

function remarks(kase: Case): Diagnosed[] {
  return REMARKING.flatMap((cause) => cause.also?.(kase).map((found) => ({ cause, found })) ?? []);
}

function surveys(scene: Scene): Diagnosed[] {
  const found = CAUSES.flatMap(
    (cause) => cause.survey?.(scene).map((each) => ({ cause, found: each })) ?? [],
  );
  // That nobody answers is said when nothing tells why.
  return found.toSorted((left, right) => Number(isBare(left)) - Number(isBare(right)));
}

const isBare = ({ cause }: Diagnosed) => cause.id === 'neigh-failed';

/** Causes that a namespace's "packets without a route" are already explained by. */
const ROUTING = /^(route-|addr-|link-lo|bridge-no-ip|v6-(?:ra-lost|no-path))/;

/** A survey repeats what a flow has shown already: the same cause there, or another reason for the same counter. */
function isCovered(incidents: readonly Incident[], { cause, found }: Diagnosed): boolean {
  return incidents.some(({ diagnosed, flows }) => {
    if (diagnosed.found.namespace !== found.namespace) return sharesEvidence(diagnosed.found, found);
    if (cause.id === 'docker-rules-differ') return flows.length > 0 && sharesLines(diagnosed.found, found);
    if (diagnosed.cause.id === cause.id && flows.length > 0) return true;
    if (ROUTING.test(diagnosed.cause.id) && ROUTING.test(cause.id) && cause.id !== 'link-lo-down')
      return true;
    return sharesEvidence(diagnosed.found, found);
  });
}

/** What a flow died of cites a line of what is found amiss in dumps: then that has been told, and proven. */
function sharesLines(left: Found, right: Found): boolean {
  const lines = new Set(
    left.evidence.map(({ path, line, text }) => (line === undefined ? text : `${path} ${line}`)),
  );
  return right.evidence.some(({ path, line, text }) =>
    lines.has(line === undefined ? text : `${path} ${line}`),
  );
}

/** Both cite the same packet: one event told twice. */
function sharesEvidence(left: Found, right: Found): boolean {
  const packets = new Set(
    left.evidence.filter((item) => item.packet !== undefined).map((item) => `${item.path} ${item.packet}`),
  );
  return right.evidence.some(
    (item) => item.packet !== undefined && packets.has(`${item.path} ${item.packet}`),
  );
}

const SEVERITY = { error: 0, warning: 1, info: 2 } as const;

function severityOf({ cause, found }: Diagnosed): Finding['severity'] {
  return found.severity ?? cause.severity;
}

function byImportance(left: Incident, right: Incident): number {
  return (
    SEVERITY[severityOf(left.diagnosed)] - SEVERITY[severityOf(right.diagnosed)] ||
    right.diagnosed.found.confidence - left.diagnosed.found.confidence ||
    right.flows.length - left.flows.length
  );
}

function toFinding({ scene, diagnosed, flows, fixes }: Incident): Finding {
  const { cause, found } = diagnosed;
  const probe = probeFlow(found);
  const replayed = flows.length > 0 ? flows.slice(0, REPLAYED) : probe ? [probe] : [];
  const { fix, next } = prove(scene, replayed, { ...diagnosed, found: { ...found, fix: fixes } });
  return {
    cause: cause.id,
    severity: severityOf(diagnosed),
    confidence: Math.round(found.confidence * 100) / 100,
    title: found.title,
    explanation: found.explanation,
    ...(found.namespace !== undefined && { namespace: found.namespace }),
    ...(found.interface !== undefined && { interface: found.interface }),
    ...(found.rule && { rule: found.rule }),
    ...(found.route !== undefined && { route: found.route }),
    ...(found.sysctl !== undefined && { sysctl: found.sysctl }),
    flows: flows.map(({ id }) => id),
    evidence: [...found.evidence],
    ...((fix.commands.length > 0 || fix.effect !== '') && { fix }),
    ...(next && { next }),
  };
}

/** One that nothing is bound to. */
const CLIENT_PORT = 40_000;

/** A packet that would show the problem, for causes that no captured flow shows. */
function probeFlow({ probe }: Found): Flow | undefined {
  if (!probe) return undefined;
  const family = typeof probe.to === 'number' ? 4 : 6;
  return unseenFlow(
    -1,
    family,
    probe.protocol ?? (family === 4 ? 1 : 58),
    { address: probe.from, port: probe.port === undefined ? 1 : CLIENT_PORT },
    { address: probe.to, port: probe.port ?? 1 },
    0,
  );
}

/** The cause says what became of the flow; without one the captures do, and for traffic nobody answers the model. */
function statusOf(kase: Case, diagnosed: Diagnosed | undefined): FlowStatus {
  const { outcome, prediction } = kase;
  if (outcome.stalled) return 'degraded';
  if (outcome.status === 'delivered') {
    const impaired = outcome.reset !== undefined || outcome.unansweredTail !== undefined;
    return impaired || diagnosed?.found.status === 'degraded' ? 'degraded' : 'delivered';
  }
  if (outcome.status === 'unknown' && (!diagnosed || diagnosed.found.confidence < 0.6)) return 'unknown';
  if (diagnosed && severityOf(diagnosed) === 'error') return diagnosed.found.status;
  if (isCarried(kase) && prediction?.checks.at(-1)?.sighting) return 'delivered';
  if (outcome.oneWay && outcome.status === 'no-reply') {
    return prediction && fateOf(prediction.there) === 'delivered' && prediction.there.assumptions.length === 0
      ? 'delivered'
      : 'unknown';
  }
  return diagnosed?.found.status ?? outcome.status;
}
