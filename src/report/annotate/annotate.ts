/**
 * All captures of an analysis as one pcapng in time order, with what became of each packet as its comment. The captures are read once
 * more, block by block: memory is bounded by the flows, not by the packets.
 */

import type { Issue } from '../../base/issue.ts';
import type { Frame } from '../../capture/frame.ts';
import { UNSAID } from '../../capture/frame.ts';
import { readOptions } from '../../capture/pcapng-options.ts';
import { type PcapngWriter, pcapngWriter } from '../../capture/pcapng-writer.ts';
import { CaptureReader } from '../../capture/scan.ts';
import type { CaptureInterface } from '../../capture/summary.ts';
import { setClock } from '../../correlate/clocks.ts';
import type { FlowEnd } from '../../correlate/flow.ts';
import { isForAll, isOverlay, tunnelName } from '../../correlate/overlay.ts';
import { isCapture, type Point } from '../../correlate/points.ts';
import { endsOf } from '../../correlate/sighting.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import { dissect } from '../../packet/dissect.ts';
import type { Packet } from '../../packet/packet.ts';
import { describeTopology } from '../../topology/describe.ts';
import { flagsOf } from './flags.ts';
import { Fragments } from './fragments.ts';
import { Interfaces, type WrittenPoint } from './interfaces.ts';
import { mergeStreams } from './merge.ts';
import { type Notes, notesOf, type WayNotes } from './notes.ts';
import { PacketIds } from './packet-ids.ts';
import { sectionComments } from './section.ts';
import { PacketStream } from './stream.ts';

export interface AnnotateOptions {
  readonly application: string;
  /** Writes all times by the first host's clock. */
  readonly alignClocks?: boolean | undefined;
  /** Bytes of packets of all captures together that wait for their turn. */
  readonly window?: number | undefined;
  /** When the receiver of the blocks wants no more for now. */
  readonly ready?: (() => Promise<void> | undefined) | undefined;
}

export interface Annotated {
  readonly points: readonly WrittenPoint[];
  readonly packets: number;
  readonly commented: number;
  /** Packets of texts of which no bytes could be made: they are not in the file. */
  readonly leftOut: number;
  /** Packets that stand behind later ones, because they came too late in their own capture. */
  readonly late: number;
  readonly issues: readonly Issue[];
}

const WINDOW = 64 * 2 ** 20;
const LEAST_WINDOW = 2 ** 18;

/** `sink` gets the file's blocks in their order. The captures must be such that can be opened again. */
export async function annotate(
  result: AnalyzeResult,
  sink: (block: Uint8Array) => void,
  options: AnnotateOptions,
): Promise<Annotated> {
  const { scene } = result;
  const { captures } = scene.inputs;
  const points = scene.correlation.points.filter(isCapture);
  const described = describeTopology(scene.topology, points, scene.inputs);
  const writer = pcapngWriter(sink, {
    application: options.application,
    comments: sectionComments(result, described),
  });
  const interfaces = new Interfaces(writer, result, options.alignClocks ?? false);
  const job: Job = {
    result,
    writer,
    interfaces,
    notes: notesOf(result),
    points: new Map(scene.correlation.points.map((point) => [placeKey(point), point])),
    aligned: options.alignClocks ?? false,
    issues: [],
    leftOut: 0,
  };
  const window = Math.max(
    LEAST_WINDOW,
    Math.floor((options.window ?? WINDOW) / Math.max(1, captures.length)),
  );
  const streams = captures.map((_, input) => openStream(job, input, window));
  try {
    for (const stream of streams) await stream.fill();
    await mergeStreams(streams, writer.put, options.ready ?? (() => undefined));
  } finally {
    for (const stream of streams) stream.close();
  }
  finish(job);
  const { written } = interfaces;
  return {
    points: written,
    packets: written.reduce((sum, { packets }) => sum + packets, 0),
    commented: written.reduce((sum, { commented }) => sum + commented, 0),
    leftOut: job.leftOut,
    late: streams.reduce((sum, { late }) => sum + late, 0),
    issues: job.issues,
  };
}

interface Job {
  readonly result: AnalyzeResult;
  readonly writer: PcapngWriter;
  readonly interfaces: Interfaces;
  readonly notes: Notes;
  readonly points: ReadonlyMap<string, Point>;
  readonly aligned: boolean;
  readonly issues: Issue[];
  leftOut: number;
}

function openStream(job: Job, input: number, window: number): PacketStream {
  const capture = job.result.scene.inputs.captures[
    input
  ] as (typeof job.result.scene.inputs.captures)[number];
  const ids = new PacketIds();
  const fragments = new Fragments();
  const reader: CaptureReader = new CaptureReader((frame) => visit(frame), {
    path: capture.path,
    keepOptions: true,
  });
  const stream = new PacketStream(capture.open(), reader, window, (source) => {
    const { packets } = reader.end(source.issue);
    const before = job.result.scene.correlation.summaries[input]?.packets ?? 0;
    if (packets !== before) {
      job.issues.push({
        severity: 'warning',
        code: 'capture-changed',
        path: capture.path,
        text: `it had ${before} packets when it was analysed and ${packets} when it was written again: it is still being written, or was replaced`,
      });
    }
  });
  const visit = (frame: Frame): void => {
    if (frame.told?.text !== undefined && frame.captured === 0) {
      job.leftOut++;
      return;
    }
    const { seconds, nanoseconds } = frame;
    setClock(frame, capture);
    const packet = dissect(frame);
    const point = pointOf(job, input, packet);
    if (!point) return;
    const written = job.interfaces.of(point, frame.captureInterface ?? 0, interfaceOf(reader, frame));
    const time = frame.seconds + frame.nanoseconds / 1e9;
    const { bytes } = frame;
    const ways = waysOf(job, input, point, packet, fragments);
    const comments = commentsOf(job, input, frame, ways, time);
    const kept =
      (frame.optionsEnd ?? 0) - (frame.optionsStart ?? 0) >= 4 && frame.view
        ? readOptions(
            frame.view,
            frame.optionsLittle ?? true,
            frame.optionsStart ?? 0,
            frame.optionsEnd ?? 0,
            'packet',
          )
        : undefined;
    const has = (code: number) => kept?.some((option) => option.code === code);
    const [own] = ways;
    const block = job.writer.packetBlock(
      written.index,
      job.aligned
        ? { seconds: frame.seconds, nanoseconds: frame.nanoseconds, bytes, length: frame.length }
        : { seconds, nanoseconds, bytes, length: frame.length },
      {
        comments,
        options: kept,
        flags: has(2) ? undefined : flagsOf(job.result, point, packet),
        id: has(5) ? undefined : ids.of(point.index, packet, bytes, time, own?.flow),
      },
    );
    written.packets++;
    if (comments.length > 0) written.commented++;
    stream.add({ seconds: frame.seconds, nanoseconds: frame.nanoseconds, block });
  };
  return stream;
}

function placeKey({
  input,
  interfaceName,
  interfaceIndex,
  within,
}: Pick<Point, 'input' | 'interfaceName' | 'interfaceIndex' | 'within'>): string {
  return `${input} ${interfaceName ?? ''} ${interfaceIndex ?? ''} ${within ?? ''}`;
}

/** As correlate/point-table.ts finds it. What wasn't there when the captures were analysed has the file's first point. */
function pointOf(job: Job, input: number, { interfaceName, interfaceIndex }: Packet): Point | undefined {
  return (
    job.points.get(placeKey({ input, interfaceName, interfaceIndex })) ??
    job.result.scene.correlation.points.find((point) => point.input === input && isCapture(point))
  );
}

function interfaceOf(reader: CaptureReader, { captureInterface = 0, linkType }: Frame): CaptureInterface {
  return reader.interfaces[captureInterface] ?? { linkType, snaplen: 0, section: 0, packets: 0 };
}

/** Of the packet, and of those that it carries inside. */
function waysOf(job: Job, input: number, point: Point, packet: Packet, fragments: Fragments): WayNotes[] {
  const ways: WayNotes[] = [];
  const own = wayOf(job, point, packet, fragments);
  if (own) ways.push(own);
  for (const inner of packet.inner) {
    if (!inner.ip || !isOverlay(inner) || isForAll(inner)) continue;
    const { interfaceName, interfaceIndex } = packet;
    const inside = job.points.get(
      placeKey({ input, interfaceName, interfaceIndex, within: tunnelName(inner) }),
    );
    const way = inside && wayOf(job, inside, inner, undefined);
    if (way) ways.push(way);
  }
  return ways;
}

function wayOf(
  job: Job,
  point: Point,
  packet: Packet,
  fragments: Fragments | undefined,
): WayNotes | undefined {
  const { ip } = packet;
  if (!ip || packet.icmp?.quoted) return undefined;
  const ends: { readonly source: FlowEnd; readonly destination: FlowEnd } | undefined =
    fragments && (ip.moreFragments || ip.fragmentOffset > 0)
      ? fragments.endsOf(point.index, packet)
      : endsOf(packet);
  return ends && job.notes.way(point.index, ip.protocol, ends.source, ends.destination);
}

function commentsOf(
  job: Job,
  input: number,
  frame: Frame,
  ways: readonly WayNotes[],
  time: number,
): string[] {
  const comments: string[] = [];
  for (const { rewritten, fate } of ways) {
    if (fate && time >= fate.from && time <= fate.until) comments.push(fate.text);
    if (rewritten !== undefined) comments.push(rewritten);
  }
  comments.push(...job.notes.packet(input, frame.number));
  if (frame.told) comments.push(toldText(frame.told));
  return comments;
}

const UNSAID_NAMES: Readonly<Record<keyof typeof UNSAID, string>> = {
  link: 'link-layer addresses',
  header: 'TTL, TOS, identification',
  fragment: 'place in its datagram',
  sequence: 'sequence number',
  acknowledgement: 'acknowledgement number',
  length: 'length on the wire',
  time: 'time',
  target: 'whom it answers',
};

function toldText({ line, unsaid }: NonNullable<Frame['told']>): string {
  const names = Object.entries(UNSAID)
    .filter(([, bit]) => (unsaid & bit) !== 0)
    .map(([name]) => UNSAID_NAMES[name as keyof typeof UNSAID]);
  const missing = names.length > 0 ? `; made up, since the text doesn't tell it: ${names.join('; ')}` : '';
  return `made from text, line ${line}${missing}`;
}

/** Points and interfaces that no packet was seen on are there too: that is something to know. */
function finish({ result, interfaces, writer }: Job): void {
  const { summaries, points } = result.scene.correlation;
  for (const point of points.filter(isCapture)) {
    if (interfaces.written.some((one) => one.point === point)) continue;
    const known = summaries[point.input]?.interfaces ?? [];
    const number = Math.max(
      0,
      known.findIndex(({ name }) => name === point.interfaceName),
    );
    const own = known[number] ?? { linkType: 1, snaplen: 0, section: 0, packets: 0 };
    interfaces.of(point, number, own);
  }
  for (const { index, interface: own, point } of interfaces.written) {
    const lost = own.dropped ?? 0;
    const at = point.last ?? point.first ?? 0;
    const seconds = Math.floor(at);
    if (lost > 0) writer.statistics(index, { seconds, nanoseconds: Math.floor((at - seconds) * 1e9) }, lost);
  }
}
