/** What is said of which packets: of single ones by their number, of others by the flow, the place and the way they go. */
import { printable } from '../../base/printable.ts';
import type { FlowDirection, FlowEnd } from '../../correlate/flow.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Evidence, Finding } from '../../diagnose/finding.ts';
import { type Fate, fateOfFlow } from './fate.ts';
import { refusals } from './refusals.ts';
import { rewritings } from './rewritings.ts';

/** Of all packets of one flow that pass a point one way with one pair of ends. */
export interface WayNotes {
  readonly flow: number;
  /** On each of them. */
  readonly rewritten?: string | undefined;
  readonly fate?: Fate | undefined;
}

export interface Notes {
  /** `point`: index into Correlation.points. */
  way(point: number, protocol: number, source: FlowEnd, destination: FlowEnd): WayNotes | undefined;
  /** `input`: index of its capture. */
  packet(input: number, number: number): readonly string[];
}

/** A flow with the ends that it has at a point: one of those looked at, or one that was only counted. */
export interface FlowLeg {
  readonly point: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
}

export function notesOf(result: AnalyzeResult): Notes {
  const ways = new Map<string, WayNotes>();
  const single = new Map<string, string[]>();
  const { scene } = result;
  const say = (input: number, number: number, text: string): void => {
    const key = `${input} ${number}`;
    const known = single.get(key);
    if (!known) single.set(key, [text]);
    else if (!known.includes(text)) known.push(text);
  };
  const inputOf = (point: number): number => scene.correlation.points[point]?.input ?? -1;

  for (const diagnosed of result.flows) {
    const { flow } = diagnosed;
    const rewritten = rewritings(diagnosed);
    const fate = fateOfFlow(result, diagnosed);
    for (const leg of flow.legs) {
      for (const direction of DIRECTIONS) {
        if (leg[direction].packets + leg[direction].laps === 0) continue;
        ways.set(wayKey(flow.protocol, leg, direction), {
          flow: flow.id,
          rewritten: rewritten.get(`${direction} ${flow.legs.indexOf(leg)}`),
          fate: fate?.find(
            (one) => one.direction === direction && one.point === leg.point && isSame(one, leg),
          ),
        });
      }
    }
    for (const { sighting, text } of refusals(result, diagnosed)) {
      if (scene.correlation.points[sighting.point]?.traced === undefined)
        say(inputOf(sighting.point), sighting.number, text);
    }
  }
  noteCounted(result, ways);
  const inputs = new Map(scene.inputs.captures.map(({ path }, index) => [path, index]));
  for (const [index, finding] of result.findings.entries()) {
    for (const evidence of finding.evidence) {
      const input = inputs.get(evidence.path);
      if (input !== undefined && evidence.packet !== undefined)
        say(input, evidence.packet, evidenceText(finding, evidence, index));
    }
  }
  return {
    way: (point, protocol, source, destination) => ways.get(keyOf(point, protocol, source, destination)),
    packet: (input, number) => single.get(`${input} ${number}`) ?? NONE,
  };
}

const NONE: readonly string[] = [];
const DIRECTIONS = ['forward', 'reply'] as const;

/** Flows that were counted fare as those that they are like: at the same points, and where they leave them. */
function noteCounted(result: AnalyzeResult, ways: Map<string, WayNotes>): void {
  let id = result.flows.length - 1;
  for (const flow of result.scene.correlation.counted?.flows() ?? []) {
    id++;
    const like = flow.like === undefined ? undefined : result.flows[flow.like];
    const fates = like && fateOfFlow(result, like, id);
    const changed = rewritings({ flow: { ...flow, id }, kase: like?.kase });
    if (!fates && changed.size === 0) continue;
    for (const [index, leg] of flow.legs.entries()) {
      for (const direction of DIRECTIONS) {
        if (leg[direction] === 0) continue;
        const rewritten = changed.get(`${direction} ${index}`);
        const fate = fates?.find((one) => one.direction === direction && one.point === leg.point);
        if (rewritten !== undefined || fate)
          ways.set(wayKey(flow.protocol, leg, direction), {
            flow: id,
            rewritten,
            fate: fate && { ...fate, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
          });
      }
    }
  }
}

function isSame(one: FlowLeg, other: FlowLeg): boolean {
  return (
    one.client.address === other.client.address &&
    one.client.port === other.client.port &&
    one.server.address === other.server.address &&
    one.server.port === other.server.port
  );
}

function wayKey(protocol: number, { point, client, server }: FlowLeg, direction: FlowDirection): string {
  return direction === 'forward'
    ? keyOf(point, protocol, client, server)
    : keyOf(point, protocol, server, client);
}

function keyOf(point: number, protocol: number, source: FlowEnd, destination: FlowEnd): string {
  return `${point} ${protocol} ${source.address} ${source.port} ${destination.address} ${destination.port}`;
}

function evidenceText({ cause, title }: Finding, { text }: Evidence, index: number): string {
  return printable(`evidence: ${text}; finding ${index + 1}: ${title}; cause ${cause}`);
}
