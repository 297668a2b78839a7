/** What is said of packets by the flow, the place and the way they go. Flows that were only counted are looked up when a packet of theirs comes. */
import type { CountedFlows } from '../../correlate/counted.ts';
import type { Flow, FlowDirection, FlowEnd, Leg } from '../../correlate/flow.ts';
import type { Point } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { DiagnosedFlow } from '../../diagnose/diagnose.ts';
import type { Face } from '../../filter/match.ts';
import type { PlainPacket } from '../../packet/plain/packet.ts';
import { Comments } from './comments.ts';
import { type Fate, fateOfFlow } from './fate.ts';
import { namingByOthers, namingOf } from './nat-rules.ts';
import { isReset, resetEnd, resetsText } from './refusals.ts';
import { type NatNaming, type RewrittenFlow, rewritings } from './rewritings.ts';
import { RecentWays, WayKey, WayTable } from './way-table.ts';

/** A flow with the ends that it has at a point: one of those looked at, or one that was only counted. */
export interface FlowLeg {
  readonly point: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
}

/** Of all packets of one flow that pass a point one way with one pair of ends. */
export interface Way {
  readonly flow: WayFlow;
  /** Comment on each of them; on RSTs instead `resets`, where there is that. */
  readonly rewritten: Uint8Array | undefined;
  readonly resets?: Uint8Array | undefined;
  /** On those of that time. */
  readonly fate: (Pick<Fate, 'from' | 'until'> & { readonly comment: Uint8Array }) | undefined;
}

export interface WayFlow {
  /** As in the analysis; below 0 for one that nobody asked for. */
  readonly id: number;
  /** Its ends at all points. */
  readonly faces: readonly Face[];
  /** What a filter says of it, once it has been asked. */
  asked?: boolean;
}

const DIRECTIONS = ['forward', 'reply'] as const;

export class Ways {
  readonly #looked: WayTable<Way>;
  /** null: no flow's. */
  readonly #recent: RecentWays<Way | null>;
  readonly #counted: CountedFlows | undefined;
  readonly #countedWays: CountedWays;
  readonly #key = new WayKey();
  readonly #other = new WayKey();

  /** `recent`: ways of counted flows that are remembered, at least; it had best be as many as there are under way at a time. */
  constructor(result: AnalyzeResult, recent: number) {
    this.#recent = new RecentWays(recent);
    this.#looked = lookedAt(result);
    this.#counted = result.scene.correlation.counted;
    this.#countedWays = new CountedWays(result);
  }

  /** `point`: index into Correlation.points. */
  ofPlain(point: number, packet: PlainPacket): Way | undefined {
    return this.#key.setPlain(point, packet) ? this.#find(point) : undefined;
  }

  of(point: number, protocol: number, source: FlowEnd, destination: FlowEnd): Way | undefined {
    this.#key.set(point, protocol, source, destination);
    return this.#find(point);
  }

  #find(point: number): Way | undefined {
    const key = this.#key;
    const looked = this.#looked.get(key);
    if (looked || !this.#counted) return looked;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent ?? undefined;
    const { protocol, source, destination } = key.ends();
    const found = this.#counted.find(protocol, source, destination);
    let own: Way | null = null;
    // All ways of it come in a moment.
    for (const { leg, direction, way } of found ? this.#countedWays.of(found) : []) {
      setKey(this.#other, protocol, leg, direction);
      this.#recent.set(this.#other, way);
      if (leg.point === point && this.#other.equals(key)) own = way;
    }
    if (!own) this.#recent.set(key, null);
    return own ?? undefined;
  }
}

/** Those of all flows that were read packet by packet. */
function lookedAt(result: AnalyzeResult): WayTable<Way> {
  const { correlation } = result.scene;
  const ways = new WayTable<Way>();
  const comments = new Comments();
  const key = new WayKey();
  const add = (flow: Flow, diagnosed: DiagnosedFlow | undefined): void => {
    const known = { id: flow.id, faces: facesOf(flow.protocol, flow.legs) };
    const rewritten = diagnosed && rewritings(withOwn(flow), correlation.points, namingOf(diagnosed.kase));
    const fate = diagnosed && fateOfFlow(result, diagnosed);
    const resets = diagnosed && comments.of(resetsText(flow));
    for (const [index, leg] of flow.legs.entries()) {
      for (const direction of DIRECTIONS) {
        if (leg[direction].packets + leg[direction].laps === 0) continue;
        const isIts = fate?.direction === direction && fate.point === leg.point && isSame(fate, leg);
        setKey(key, flow.protocol, leg, direction);
        ways.set(key, {
          flow: known,
          rewritten: comments.of(rewritten?.get(`${direction} ${index}`)),
          resets: direction === 'forward' ? resets : undefined,
          fate: fate && isIts ? { ...fate, comment: comments.of(ofFlow(fate, flow.id)) } : undefined,
        });
      }
    }
  };
  // Ways of those that a filter asks for come last: they stand.
  if (correlation.asked)
    for (const flow of correlation.flows) if (!correlation.asked.flows.has(flow)) add(flow, undefined);
  for (const diagnosed of result.flows) add(diagnosed.flow, diagnosed);
  return ways;
}

/** RSTs of a client to ends that it never addressed pass other points with the same. */
function withOwn(flow: Flow): RewrittenFlow {
  const end = resetEnd(flow);
  const isOwn = ({ server, forward }: Leg): boolean =>
    server.address === end?.address && server.port === end.port && forward.kept.every(isReset);
  return end ? { ...flow, legs: flow.legs.map((leg) => (isOwn(leg) ? { ...leg, own: true } : leg)) } : flow;
}

interface CountedWay {
  readonly leg: FlowLeg;
  readonly direction: FlowDirection;
  readonly way: Way;
}

/** Flows that were counted fare as those that they are like: at the same points, and where they leave them. */
class CountedWays {
  readonly #fates = new Map<number, Fate | undefined>();
  readonly #comments = new Comments();
  readonly #naming: NatNaming;
  readonly #points: readonly Point[];
  readonly #fateOf: (id: number) => Fate | undefined;
  readonly #looked: number;

  constructor(result: AnalyzeResult) {
    const { counted, points, flows } = result.scene.correlation;
    this.#naming = namingByOthers(result);
    this.#points = points;
    this.#looked = flows.length;
    const known = new Map(counted ? result.flows.map((diagnosed) => [diagnosed.flow.id, diagnosed]) : []);
    this.#fateOf = (id) => {
      const diagnosed = known.get(id);
      return diagnosed && fateOfFlow(result, diagnosed);
    };
  }

  of({ flow, place }: NonNullable<ReturnType<CountedFlows['find']>>): CountedWay[] {
    const { protocol, legs, like } = flow;
    const asked = place !== undefined;
    const known = { id: asked ? this.#looked + place : -1, faces: facesOf(protocol, legs) };
    const changed = asked ? rewritings({ ...flow, id: known.id }, this.#points, this.#naming) : undefined;
    const fate = like === undefined ? undefined : this.#like(like);
    const ways: CountedWay[] = [];
    for (const [index, leg] of legs.entries()) {
      for (const direction of DIRECTIONS) {
        if (leg[direction] === 0) continue;
        const isIts = fate?.direction === direction && fate.point === leg.point;
        const way = {
          flow: known,
          rewritten: this.#comments.of(changed?.get(`${direction} ${index}`)),
          fate: fate && isIts ? { ...ALWAYS, comment: this.#comments.of(ofFlow(fate, known.id)) } : undefined,
        };
        ways.push({ leg, direction, way });
      }
    }
    return ways;
  }

  #like(id: number): Fate | undefined {
    if (!this.#fates.has(id)) this.#fates.set(id, this.#fateOf(id));
    return this.#fates.get(id);
  }
}

const ALWAYS = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

function ofFlow({ text }: Fate, id: number): string {
  return `${text}; flow ${id}`;
}

function facesOf(protocol: number, legs: readonly FlowLeg[]): Face[] {
  return legs.map(({ client, server }) => ({ protocol, client, server }));
}

function setKey(
  key: WayKey,
  protocol: number,
  { point, client, server }: FlowLeg,
  direction: FlowDirection,
): void {
  if (direction === 'forward') key.set(point, protocol, client, server);
  else key.set(point, protocol, server, client);
}

function isSame(one: FlowLeg, other: FlowLeg): boolean {
  return (
    one.client.address === other.client.address &&
    one.client.port === other.client.port &&
    one.server.address === other.server.address &&
    one.server.port === other.server.port
  );
}
