import type { Issue } from '../base/issue.ts';
import type { Frame } from '../capture/frame.ts';
import { scanCapture } from '../capture/scan.ts';
import type { CaptureSummary } from '../capture/summary.ts';
import type { CaptureInput, DumpInput } from '../input/input.ts';
import { dissect } from '../packet/dissect.ts';
import type { Packet } from '../packet/packet.ts';
import { createObserver } from '../topology/observe.ts';
import type { PointObservation, Topology } from '../topology/topology.ts';
import { AdvertisementLedger, type RouterAdvertisement } from './advertisements.ts';
import { ArpLedger } from './arp.ts';
import { readCaptureCommand } from './capture-command.ts';
import { setClock } from './clocks.ts';
import { ConversationTable } from './conversation.ts';
import type { ArpExchange, Flow } from './flow.ts';
import { mergeFlows } from './merge.ts';
import { isForAll, isOverlay, tunnelName } from './overlay.ts';
import { type Point, placePoints, type ScannedPoint } from './points.ts';
import { addTraced, type TracedFlowPacket, tieTraced } from './traced-flow.ts';
import { tracedPackets } from './traced-packet.ts';

/** Everything the captures say, joined over all points; where those are is not known yet. */
export interface Scan {
  readonly points: readonly ScannedPoint[];
  /** One a capture file, in the order given. */
  readonly summaries: readonly CaptureSummary[];
  readonly observations: readonly PointObservation[];
  readonly flows: readonly Flow[];
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
  /** Called after every block with the bytes read of the file. */
  readonly progress?: (capture: CaptureInput, bytes: number) => void;
  /** Dumps among which netfilter traces may be: what they show and no capture does is a flow too. */
  readonly dumps?: readonly DumpInput[];
}

/** Reads every capture once and joins what they saw into flows and ARP exchanges. */
export async function scanCaptures(
  captures: readonly CaptureInput[],
  options: ScanOptions = {},
): Promise<Scan> {
  const table = new ConversationTable();
  const ledger = new ArpLedger();
  const routers = new AdvertisementLedger();
  const points: ScannedPoint[] = [];
  const byPlace = new Map<string, ScannedPoint>();
  const summaries: CaptureSummary[] = [];
  const observations: PointObservation[] = [];
  const issues: Issue[] = [];

  const tunnels = new Map<number, Set<string>>();
  /** Of a capture that holds more tunnels than any host has, the rest is left inside. */
  const isCounted = (input: number, tunnel: string): boolean => {
    const known = tunnels.get(input) ?? new Set<string>();
    tunnels.set(input, known);
    if (!known.has(tunnel) && known.size >= MOST_TUNNELS) return false;
    known.add(tunnel);
    return true;
  };

  const pointFor = (
    input: number,
    interfaceName?: string,
    interfaceIndex?: number,
    within?: string,
  ): ScannedPoint => {
    const key = `${input} ${interfaceName ?? ''} ${interfaceIndex ?? ''} ${within ?? ''}`;
    let point = byPlace.get(key);
    if (!point) {
      const path = captures[input]?.path ?? '';
      point = {
        index: points.length,
        input,
        path,
        interfaceName,
        interfaceIndex,
        packets: 0,
        bytes: 0,
        protocols: new Map(),
        cut: 0,
        ...(within === undefined ? {} : { within }),
        limits: limitsOf(captures[input]),
      };
      points.push(point);
      byPlace.set(key, point);
    }
    return point;
  };

  for (const [input, capture] of captures.entries()) {
    const observer = createObserver(input);
    const visit = (frame: Frame): void => {
      setClock(frame, capture);
      const packet = dissect(frame);
      const point = pointFor(input, packet.interfaceName, packet.interfaceIndex);
      note(point, packet);
      ledger.add(point.index, packet);
      routers.add(point.index, packet);
      table.add(point.index, packet, frame.bytes);
      observer.add(packet);
      for (const inner of packet.inner) {
        if (!inner.ip || !isOverlay(inner) || isForAll(inner)) continue;
        if (!isCounted(input, tunnelName(inner))) continue;
        const { interfaceName, interfaceIndex } = packet;
        const inside = pointFor(input, interfaceName, interfaceIndex, tunnelName(inner));
        note(inside, inner);
        // Its frame is of another link: nobody here has those addresses.
        table.add(inside.index, { ...inner, ether: undefined }, frame.bytes);
      }
    };
    const onProgress = (bytes: number): undefined => options.progress?.(capture, bytes) as undefined;
    const summary = await scanCapture(capture.open(), visit, { path: capture.path, onProgress });
    summaries.push(summary);
    noteLosses(points, input, summary);
    issues.push(...summary.issues);
    observations.push(...observer.observations());
    if (!points.some((point) => point.input === input)) pointFor(input);
  }
  const packets = tracedPackets(options.dumps ?? [], Math.min(...points.flatMap(({ first }) => first ?? [])));
  addTraced(table, packets, points);
  const flows = mergeFlows(table);
  return {
    points,
    summaries,
    observations,
    flows,
    traced: tieTraced(packets, flows, points),
    arp: [...ledger.exchanges.values()],
    advertisements: [...routers.routers.values()],
    noise: table.noise,
    issues,
  };
}

/** What the manifest's command says of packets that this capture can't hold. */
function limitsOf(capture: CaptureInput | undefined): string | undefined {
  const told = capture?.command === undefined ? undefined : readCaptureCommand(capture.command);
  if (!told) return undefined;
  return [told.filter, told.direction && `-Q ${told.direction}`]
    .filter((part) => part !== undefined)
    .join(', ');
}

/** Filters and losses that the file itself tells: of the interface where it names one, else of all its points. */
function noteLosses(points: ScannedPoint[], input: number, summary: CaptureSummary): void {
  for (const point of points) {
    if (point.input !== input || point.within !== undefined) continue;
    const own = summary.interfaces.filter(
      ({ name }) => point.interfaceName === undefined || name === undefined || name === point.interfaceName,
    );
    const lost = own.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
    if (lost > 0) point.lost = lost;
    point.limits ??= own.find(({ filter }) => filter !== undefined)?.filter;
  }
}

const MOST_TUNNELS = 64;

const ARP = 0x806;

function note(point: ScannedPoint, packet: Packet): void {
  const time = packet.seconds + packet.nanoseconds / 1e9;
  point.packets++;
  point.bytes += packet.length;
  if (point.first === undefined || time < point.first) point.first = time;
  if (point.last === undefined || time > point.last) point.last = time;
  if (packet.captured < packet.length) point.cut++;
  const protocol = packet.ip?.protocol ?? (packet.arp ? ARP : undefined);
  if (protocol !== undefined) point.protocols.set(protocol, (point.protocols.get(protocol) ?? 0) + 1);
}
