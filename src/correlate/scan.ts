import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits, limitIssue } from '../base/limits.ts';
import type { Pace } from '../base/pace.ts';
import type { FrameColumns } from '../capture/columns.ts';
import type { Frame } from '../capture/frame.ts';
import { rescanCapture } from '../capture/rescan.ts';
import { scanCapture } from '../capture/scan.ts';
import { spool } from '../capture/spool.ts';
import type { CaptureSummary } from '../capture/summary.ts';
import type { Filter } from '../filter/filter.ts';
import type { CaptureInput, DumpInput } from '../input/input.ts';
import { dissect } from '../packet/dissect.ts';
import type { PointStats } from '../scan/point-stats.ts';
import { createObserver } from '../topology/observe.ts';
import type { PointObservation, Topology } from '../topology/topology.ts';
import { AdvertisementLedger, type RouterAdvertisement } from './advertisements.ts';
import { ArpLedger } from './arp.ts';
import { type Asked, askedFlows } from './asked.ts';
import { setClock, setClocks } from './clocks.ts';
import { ConversationTable } from './conversation.ts';
import type { CountedFlows } from './counted.ts';
import type { ArpExchange, Flow } from './flow.ts';
import type { Parted } from './forest.ts';
import { linked, mergeFlows } from './merge.ts';
import { isForAll, isOverlay, tunnelName } from './overlay.ts';
import { addCount, countPacket, type PointCount } from './point-count.ts';
import { noteLosses, PointTable, TunnelCount } from './point-table.ts';
import { type Point, placePoints, type ScannedPoint } from './points.ts';
import type { Budget } from './sieve/choose.ts';
import { countedFlows } from './sieve/counted.ts';
import { sieve } from './sieve/sieve.ts';
import { addTraced, type TracedFlowPacket, tieTraced } from './traced-flow.ts';
import { tracedPackets } from './traced-packet.ts';

/** Everything the captures say, joined over all points; where those are is not known yet. */
export interface Scan {
  readonly points: readonly ScannedPoint[];
  /** One a capture file, in the order given. */
  readonly summaries: readonly CaptureSummary[];
  readonly observations: readonly PointObservation[];
  readonly flows: readonly Flow[];
  /** Of large captures: the flows that were not read packet by packet. */
  readonly counted?: CountedFlows;
  /** Of a filter: the flows that it asks for. */
  readonly asked?: Asked;
  readonly arp: readonly ArpExchange[];
  readonly advertisements: readonly RouterAdvertisement[];
  /** Packets between no two hosts: multicast, broadcast, neighbour discovery. */
  readonly noise: number;
  /** What netfilter traces show, and the flows it belongs to. */
  readonly traced: readonly TracedFlowPacket[];
  readonly issues: readonly Issue[];
}

/** A scan whose points have their places. */
export interface Correlation extends Scan {
  readonly points: readonly Point[];
}

export function locate(scan: Scan, topology: Topology): Correlation {
  return { ...scan, points: placePoints(scan.points, topology) };
}

export interface ScanOptions {
  /** Bytes of captures from which on not every flow is read packet by packet, and how many are then. */
  readonly sieveFrom?: number | undefined;
  readonly budget?: Budget | undefined;
  /** Where no budget is given, so many flows are all read packet by packet if they have few packets; by default any number. */
  readonly fewFlows?: number | undefined;
  /** Bytes of memory that all is to fit in; conversations that don't are only counted. */
  readonly maxMemory?: number | undefined;
  /** Threads that read captures at once, at most; by default as many as there are processors. */
  readonly threads?: number | undefined;
  /** Flows that are asked for, the names in it resolved. */
  readonly filter?: Filter | undefined;
  /** So are flows that carry what is asked for or that errors are about which are: see `askedFlows`. Of large captures errors don't count. */
  readonly withContext?: boolean | undefined;
  /** Called after every block with the bytes read of the file. */
  readonly progress?: (capture: CaptureInput, bytes: number) => void;
  /** Called when large captures are read again for some of their flows. */
  readonly onSecond?: (() => void) | undefined;
  /** Lets others have their turn, and ends it all by rejecting. */
  readonly pace?: Pace | undefined;
  /** Dumps among which netfilter traces may be: what they show and no capture does is a flow too. */
  readonly dumps?: readonly DumpInput[];
}

/** Bytes of captures from which on they are sieved first. */
const LARGE = 8 * 2 ** 20;

/**
 * Reads the captures and joins what they saw into flows and ARP exchanges. Large ones are read twice: first without keeping packets
 * (sieve/), then for the flows that are worth it. Of the others `counted` tells.
 */
export async function scanCaptures(given: readonly CaptureInput[], options: ScanOptions = {}): Promise<Scan> {
  const spools = given.map((capture) =>
    capture.once ? spool(capture.path, () => capture.open()) : undefined,
  );
  const captures = given.map((capture, index): CaptureInput => {
    const copied = spools[index];
    return copied ? { ...capture, open: () => copied.open() } : capture;
  });
  try {
    const scan = await scanTwice(captures, options);
    return { ...scan, issues: [...scan.issues, ...spools.flatMap((copied) => copied?.issue ?? [])] };
  } finally {
    for (const copied of spools) copied?.close();
  }
}

async function scanTwice(captures: readonly CaptureInput[], options: ScanOptions): Promise<Scan> {
  const table = new ConversationTable();
  const ledger = new ArpLedger();
  const routers = new AdvertisementLedger();
  const places = new PointTable(captures);
  const summaries: CaptureSummary[] = [];
  const observations: PointObservation[] = [];
  const issues: Issue[] = [];
  const tunnels = new TunnelCount();
  const first = isLarge(captures, options) ? await firstReading(captures, places, options) : undefined;
  if (first) options.onSecond?.();

  for (const [input, capture] of captures.entries()) {
    const observer = createObserver(input);
    const sieved = first?.sieve.captures[input];
    const add = (frame: Frame): void => {
      const packet = dissect(frame);
      const point = places.of(input, packet.interfaceName, packet.interfaceIndex);
      if (!sieved) {
        countPacket(point, packet);
        observer.add(packet);
      }
      ledger.add(point.index, packet);
      routers.add(point.index, packet);
      table.add(point.index, packet, frame.bytes);
      for (const inner of packet.inner) {
        if (!inner.ip || !isOverlay(inner) || isForAll(inner)) continue;
        if (!tunnels.isCounted(input, tunnelName(inner))) continue;
        const { interfaceName, interfaceIndex } = packet;
        const inside = places.of(input, interfaceName, interfaceIndex, tunnelName(inner));
        countPacket(inside, inner);
        // Its frame is of another link: nobody here has those addresses.
        table.add(inside.index, { ...inner, ether: undefined }, frame.bytes);
      }
    };
    const visit = (frame: Frame): void => {
      setClock(frame, capture);
      if (sieved?.flows.look(frame) !== 'known') add(frame);
    };
    const onColumns = (columns: FrameColumns): void => {
      setClocks(columns, capture);
      sieved?.flows.lookThrough(columns, add);
    };
    const onProgress = (bytes: number): undefined => options.progress?.(capture, bytes) as undefined;
    const reading = { path: capture.path, limits: capture.limits, onProgress, pace: options.pace };
    const summary = sieved?.summary ?? (await scanCapture(capture.open(), visit, reading));
    summaries.push(summary);
    noteLosses(places.points, input, summary, capture.dropped);
    issues.push(...summary.issues);
    if (sieved && sieved.flows.odd + sieved.flows.table.wanted > 0) {
      const { stretches } = sieved.flows;
      const wanted = sieved.flows.wantedStretches();
      const issue = await rescanCapture(
        capture.open(),
        visit,
        { packets: summary.packets, stretches, wanted },
        { ...reading, onColumns, columns: sieved.flows.columnsAgain() },
      );
      if (issue) issues.push(issue);
    }
    observations.push(...(sieved?.observations ?? observer.observations()));
    if (!places.points.some((point) => point.input === input)) places.of(input);
  }
  await options.pace?.turn();
  const { points } = places;
  const begin = Math.min(...points.flatMap((point) => point.first ?? []));
  const packets = tracedPackets(options.dumps ?? [], begin);
  addTraced(table, packets, points);
  const forest = linked(table);
  const { limits = DEFAULT_LIMITS } = captures[0] ?? {};
  const parted = forest.part(limits.flowPairs);
  const flows = mergeFlows(table, forest);
  issues.push(...partedIssues(first && first.sieve.parted.flows > 0 ? first.sieve.parted : parted, limits));
  const counted = first && countedFlows(first.sieve, first.pointOf, flows);
  const sieved = first && counted && { sieve: first.sieve, counted };
  return {
    points,
    summaries,
    observations,
    flows,
    ...(counted && { counted }),
    ...(options.filter && {
      asked: askedFlows(options.filter, flows, { begin, context: options.withContext ?? false }, sieved),
    }),
    traced: tieTraced(packets, flows, points),
    arp: [...ledger.exchanges.values()],
    advertisements: [...routers.routers.values()],
    noise: table.noise,
    issues,
  };
}

/** Packets that nobody could tell apart had joined what can't be one flow. */
function partedIssues({ flows, largest }: Parted, limits: InputLimits): Issue[] {
  if (flows === 0) return [];
  const found =
    flows === 1
      ? `packets that look the same are between ${largest.toLocaleString('en')} pairs of ends`
      : `packets that look the same are between up to ${largest.toLocaleString('en')} pairs of ends, ${flows.toLocaleString('en')} times`;
  return [limitIssue('flowPairs', limits, found, 'each pair is taken for a flow of its own')];
}

/** Unless all are small: what a pipe or a packed file holds isn't known before. */
function isLarge(captures: readonly CaptureInput[], { sieveFrom = LARGE }: ScanOptions): boolean {
  if (sieveFrom === Number.POSITIVE_INFINITY) return false;
  let bytes = 0;
  for (const capture of captures) {
    if (capture.once) return true;
    const source = capture.open();
    source.close();
    if (source.size === undefined) return true;
    bytes += source.size;
  }
  return bytes > sieveFrom;
}

/** What the program needs without any conversation, and what one costs at one point, from its record to the links of its flow; bytes. */
const GROUND = 190 * 2 ** 20;
const CONVERSATION = 320;

/** So many of each capture. */
function conversationsIn(maxMemory: number | undefined, captures: number): number | undefined {
  if (maxMemory === undefined) return undefined;
  return Math.max(1000, Math.floor((maxMemory - GROUND) / CONVERSATION / Math.max(1, captures)));
}

async function firstReading(captures: readonly CaptureInput[], places: PointTable, options: ScanOptions) {
  const result = await sieve(captures, {
    budget: options.budget,
    fewFlows: options.fewFlows,
    progress: options.progress,
    threads: options.threads,
    filter: options.filter,
    pace: options.pace,
    most: conversationsIn(options.maxMemory, captures.length),
  });
  const own = result.captures.map(({ flows, oddPoints }, input) => {
    const place = (count: PointCount | PointStats): number => {
      const point = places.of(input, count.interfaceName, count.interfaceIndex);
      addCount(point, count);
      return point.index;
    };
    oddPoints.map(place);
    const indexes = flows.points.map(place);
    if (oddPoints.length + indexes.length === 0) places.of(input);
    return indexes;
  });
  return { sieve: result, pointOf: (capture: number, point: number) => own[capture]?.[point] ?? -1 };
}
