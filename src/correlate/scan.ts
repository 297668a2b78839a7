import type { Issue } from '../base/issue.ts';
import type { Frame } from '../capture/frame.ts';
import { type CaptureSummary, scanCapture } from '../capture/scan.ts';
import type { CaptureInput } from '../input/input.ts';
import { dissect } from '../packet/dissect.ts';
import type { Packet } from '../packet/packet.ts';
import type { CapturePoint } from '../topology/topology.ts';
import { ArpLedger } from './arp.ts';
import { ConversationTable } from './conversation.ts';
import type { ArpExchange, Flow } from './flow.ts';
import { mergeFlows } from './merge.ts';
import { newPoint, type Point } from './points.ts';

/** Everything the captures say, joined over all points. */
export interface Correlation {
  readonly points: readonly Point[];
  /** One a capture file, in the order given; undefined when it could not be read. */
  readonly summaries: readonly (CaptureSummary | undefined)[];
  readonly flows: readonly Flow[];
  readonly arp: readonly ArpExchange[];
  /** Packets between no two hosts: multicast, broadcast, neighbour discovery. */
  readonly noise: number;
  readonly issues: readonly Issue[];
}

/** Says where a packet was captured, from its file, the interface the file names, and SLL2's interface index. */
export type Placer = (
  input: number,
  interfaceName: string | undefined,
  interfaceIndex: number | undefined,
) => CapturePoint;

export interface ScanOptions {
  /** Called now and then with the packets read so far and the file being read. */
  readonly progress?: (packets: number, path: string) => void;
  /** Sees every packet once, with its point: topology's observer, for one. */
  readonly observe?: (point: Point, packet: Packet) => void;
}

const PROGRESS_EVERY = 8192;

/** Reads every capture once and joins what they saw into flows and ARP exchanges. */
export async function scanCaptures(
  captures: readonly CaptureInput[],
  place: Placer,
  options: ScanOptions = {},
): Promise<Correlation> {
  const table = new ConversationTable();
  const ledger = new ArpLedger();
  const points: Point[] = [];
  const byPlace = new Map<string, Point>();
  const summaries: (CaptureSummary | undefined)[] = [];
  const issues: Issue[] = [];
  let packets = 0;

  const pointFor = (input: number, name: string | undefined, index: number | undefined): Point => {
    const key = `${input} ${name ?? ''} ${index ?? ''}`;
    let point = byPlace.get(key);
    if (!point) {
      point = newPoint(points.length, place(input, name, index));
      points.push(point);
      byPlace.set(key, point);
    }
    return point;
  };

  for (const [input, capture] of captures.entries()) {
    const visit = (frame: Frame): void => {
      const packet = dissect(frame);
      const point = pointFor(input, packet.interfaceName, packet.interfaceIndex);
      note(point, packet);
      ledger.add(point.index, packet);
      table.add(point.index, packet, frame.bytes);
      options.observe?.(point, packet);
      if (++packets % PROGRESS_EVERY === 0) options.progress?.(packets, capture.path);
    };
    const source = capture.open();
    try {
      const summary = await scanCapture(source, visit, { path: capture.path });
      summaries.push(summary);
      issues.push(...summary.issues);
    } finally {
      source.close();
    }
    if (!points.some((point) => point.input === input)) pointFor(input, undefined, undefined);
  }
  return {
    points,
    summaries,
    flows: mergeFlows(table),
    arp: [...ledger.exchanges.values()],
    noise: table.noise,
    issues,
  };
}

const ARP = 0x806;

function note(point: Point, packet: Packet): void {
  const time = packet.seconds + packet.nanoseconds / 1e9;
  point.packets++;
  point.bytes += packet.length;
  if (point.first === undefined || time < point.first) point.first = time;
  if (point.last === undefined || time > point.last) point.last = time;
  if (packet.captured < packet.length) point.cut++;
  const protocol = packet.ip?.protocol ?? (packet.arp ? ARP : undefined);
  if (protocol !== undefined) point.protocols.set(protocol, (point.protocols.get(protocol) ?? 0) + 1);
}
