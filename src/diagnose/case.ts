import { once } from '../base/memo.ts';
import type { Flow, Sighting } from '../correlate/flow.ts';
import type { KernelPath } from '../correlate/kernel-path.ts';
import type { Outcome } from '../correlate/outcome.ts';
import { isCapture, wasCapturing } from '../correlate/points.ts';
import { fateOf, type Prediction, type Predictor, type TapCheck } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { Sysctl } from '../dump/records.ts';
import type { CommandInput, InputSet } from '../input/input.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import type { Trace } from '../netstack/hop.ts';
import { isRedirect } from '../netstack/probe.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import type { DumpedState } from '../snapshot/states.ts';
import type { Topology } from '../topology/topology.ts';
import { withTraces } from './traced.ts';

/** Everything known, before any flow is looked at. */
export interface Scene {
  readonly inputs: InputSet;
  readonly snapshot: Snapshot;
  readonly topology: Topology;
  readonly correlation: Correlation;
  readonly predictor: Predictor;
  /** Where dumps are of several times: the host at each of them, this scene being the last. */
  readonly states?: readonly HostState[];
}

/** The host as dumps of one time show it. */
export interface HostState extends DumpedState {
  /** Of a session: the last command before it that changes something. */
  readonly after?: CommandInput;
  readonly scene: Scene;
}

/** One flow with everything known about it: what a cause looks at. */
export interface Case extends Scene {
  readonly flow: Flow;
  readonly outcome: Outcome;
  readonly prediction?: Prediction;
  /** What netfilter traces show of its packets, in their order. */
  readonly kernel: readonly KernelPath[];
  /** A repair has been applied to the snapshot: what the captures show beyond that point no longer counts. */
  readonly hypothetical: boolean;
}

/** Where the model says that the flow dies, on the way there or back, and how the captures agree. */
export interface ModelDrop {
  readonly direction: 'forward' | 'reply';
  readonly trace: Trace;
  readonly cause: string;
  readonly namespace: string;
  /** Last point where the packet was seen as predicted. */
  readonly seen?: TapCheck;
  /** Points that would have seen it had it gone on, and did not. */
  readonly absent: readonly {
    readonly path: string;
    readonly packets: number;
    readonly where: string;
    /** The file holds other interfaces as well. */
    readonly shared: boolean;
  }[];
  /** A sighting that can't be if the model is right. */
  readonly contradiction?: Sighting;
  /** The kernel's own trace, where it shows the same, or where it shows that the packet went on. */
  readonly confirmedBy?: KernelPath;
  readonly refutedBy?: KernelPath;
}

/** The drop that decides the case, of the request, else of the answer: as the model has it, and as traces show it. */
export const modelDrop = once((kase: Case): ModelDrop | undefined => withTraces(kase, predictedDrop(kase)));

function predictedDrop(kase: Case): ModelDrop | undefined {
  const { prediction } = kase;
  if (!prediction) return undefined;
  const there = dropOf(kase, prediction.there, prediction.checks, 'forward');
  if (there) return lostRefusal(kase, there) ?? there;
  return prediction.back && dropOf(kase, prediction.back, prediction.backChecks, 'reply');
}

/** The receiver refuses and its refusal can't get back: then silence is what the client sees, and that drop is why. */
function lostRefusal(kase: Case, there: ModelDrop): ModelDrop | undefined {
  if (fateOf(there.trace) !== 'rejected' || kase.outcome.status === 'rejected') return undefined;
  const answer = there.trace.answers.find(({ final }) => !isRedirect(final));
  return answer && dropOf(kase, answer, [], 'reply');
}

function dropOf(
  kase: Case,
  trace: Trace,
  checks: readonly TapCheck[],
  direction: 'forward' | 'reply',
): ModelDrop | undefined {
  // An `unknown` verdict with a cause is a drop that rests on something assumed.
  const fate = fateOf(trace);
  const ends = fate === 'dropped' || fate === 'rejected' || fate === 'unknown';
  if (!ends || trace.cause === undefined) return undefined;
  const seen = checks.findLast((check) => check.sighting !== undefined);
  // What was seen of it while it worked says nothing against what stops it now.
  const contradiction =
    kase.hypothetical || kase.outcome.stalled ? undefined : contradictionOf(kase, checks, direction);
  return {
    direction,
    trace,
    cause: trace.cause,
    namespace: trace.namespace,
    ...(seen && { seen }),
    absent: absentPoints(kase, checks, direction),
    ...(contradiction && { contradiction }),
  };
}

/** A leg of that direction which no predicted tap explains, seen further on its way than the last one that is explained. */
function contradictionOf(
  kase: Case,
  checks: readonly TapCheck[],
  direction: 'forward' | 'reply',
): Sighting | undefined {
  const explained = new Set(
    checks.map((check) => check.sighting).filter((sighting) => sighting !== undefined),
  );
  const last = [...explained].toSorted((left, right) => ttlFallen(right, left) || right.time - left.time)[0];
  if (!last) return undefined;
  return kase.flow.legs
    .map((leg) => leg[direction].kept[0])
    .filter((first) => first !== undefined && !explained.has(first))
    .find((first) => {
      const fallen = first && ttlFallen(last, first);
      return first && fallen !== undefined && (fallen < 0 || (fallen === 0 && first.time > last.time));
    });
}

/** The TTL at `right` less that at `left`; 0 where one of them isn't told. */
function ttlFallen(left: Sighting, right: Sighting): number {
  return left.ttl === undefined || right.ttl === undefined ? 0 : right.ttl - left.ttl;
}

/** Captures of the flow's neighbourhood that hold nothing of this direction. */
function absentPoints(
  kase: Case,
  checks: readonly TapCheck[],
  direction: 'forward' | 'reply',
): ModelDrop['absent'] {
  const time = direction === 'forward' ? kase.flow.start : kase.flow.end;
  const saw = new Set(kase.flow.legs.filter((leg) => leg[direction].packets > 0).map((leg) => leg.point));
  const before = new Set(checks.flatMap((check) => check.points.map((point) => point.index)));
  return (
    kase.correlation.points
      .filter((point) => !saw.has(point.index) && !before.has(point.index) && isCapture(point))
      // An empty capture has no times; that it was meant to show the packet has to be believed.
      .filter(
        (point) =>
          (point.packets === 0 && point.limits === undefined) ||
          wasCapturing(point, kase.flow.protocol, time) === 'yes',
      )
      .map((point) => ({
        path: point.path,
        packets: point.packets,
        where: `${point.namespace}:${point.interface}`,
        shared: kase.correlation.points.some(
          (other) => other.input === point.input && other.index !== point.index,
        ),
      }))
  );
}

export function netnsOf(kase: Scene, namespace: string): Netns | undefined {
  return kase.snapshot.namespaces.get(namespace);
}

/** As it was dumped. */
export function sysctlOf(kase: Scene, namespace: string, name: string): Sysctl | undefined {
  const sysctl = netnsOf(kase, namespace)?.sysctls?.get(name);
  return sysctl?.inferred ? undefined : sysctl;
}

/** `icmp 10.0.0.2 > 8.8.8.8`, `tcp 10.0.0.2:4711 > 10.0.0.9:80`. */
export function flowName(flow: Flow): string {
  const ports = flow.protocol !== 1 && flow.protocol !== 58 && flow.server.port !== 0;
  const client = ports
    ? formatEndpoint(flow.client.address, flow.client.port)
    : formatIp(flow.client.address);
  const server = ports
    ? formatEndpoint(flow.server.address, flow.server.port)
    : formatIp(flow.server.address);
  return `${protocolName(flow.protocol)} ${client} > ${server}`;
}
