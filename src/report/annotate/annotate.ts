/**
 * All captures of an analysis as one pcapng in time order, with what became of each packet as its comment. The captures are read once
 * more, block by block: memory is bounded by what the analysis keeps, not by the packets.
 */

import type { Issue } from '../../base/issue.ts';
import type { BlockFrame, Frame } from '../../capture/frame.ts';
import { PacketBlocks } from '../../capture/packet-blocks.ts';
import { type PcapngWriter, pcapngWriter } from '../../capture/pcapng-writer.ts';
import { CaptureReader } from '../../capture/scan.ts';
import { setClock } from '../../correlate/clocks.ts';
import { isCapture } from '../../correlate/points.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Filter } from '../../filter/filter.ts';
import type { CaptureInput } from '../../input/input.ts';
import { describeTopology } from '../../topology/describe.ts';
import { Interfaces, type WrittenPoint } from './interfaces.ts';
import { mergeStreams } from './merge.ts';
import { PacketNotes } from './packet-notes.ts';
import { Places, PointsByPlace, type WrittenPlace } from './places.ts';
import { sectionComments } from './section.ts';
import { PacketStream } from './stream.ts';

export interface AnnotateOptions {
  readonly application: string;
  /** Writes all times by the first host's clock. */
  readonly alignClocks?: boolean | undefined;
  /** Bytes of packets of all captures together that wait for their turn, and about as many for what is known of flows under way. */
  readonly window?: number | undefined;
  /** Only the packets that it asks for, its names resolved; the analysis may have explained no more than their flows. */
  readonly filter?: Filter | undefined;
  /** When the receiver of the blocks wants no more for now. */
  readonly ready?: (() => Promise<void> | undefined) | undefined;
}

export interface Annotated {
  readonly points: readonly WrittenPoint[];
  readonly packets: number;
  readonly commented: number;
  /** Of a filter: packets that it doesn't ask for; they are not in the file. */
  readonly others: number;
  /** Packets of texts of which no bytes could be made: they are not in the file. */
  readonly leftOut: number;
  /** Packets that stand behind later ones, because they came too late in their own capture. */
  readonly late: number;
  readonly issues: readonly Issue[];
}

/** Unless told otherwise. */
export const WINDOW = 64 * 2 ** 20;
const LEAST_WINDOW = 2 ** 18;
/** Bytes that a flow under way takes, one way at one point: its ends and its comments. */
const WAY = 1024;
const LEAST_WAYS = 1024;

interface Job {
  readonly result: AnalyzeResult;
  readonly interfaces: Interfaces;
  readonly points: PointsByPlace;
  readonly issues: Issue[];
  leftOut: number;
}

/** `sink` gets the file's blocks in their order. The captures must be such that can be opened again. */
export async function annotate(
  result: AnalyzeResult,
  sink: (block: Uint8Array) => void,
  options: AnnotateOptions,
): Promise<Annotated> {
  const { scene } = result;
  const { captures } = scene.inputs;
  const aligned = options.alignClocks ?? false;
  const described = describeTopology(
    scene.topology,
    scene.correlation.points.filter(isCapture),
    scene.inputs,
  );
  const writer = pcapngWriter(sink, {
    application: options.application,
    comments: sectionComments(result, described),
  });
  const blocks = new PacketBlocks(sink);
  const interfaces = new Interfaces(writer, blocks, result, aligned);
  const points = new PointsByPlace(result);
  const job: Job = { result, interfaces, points, issues: [], leftOut: 0 };
  const room = options.window ?? WINDOW;
  const ways = Math.max(LEAST_WAYS, Math.floor(room / WAY));
  const notes = new PacketNotes(result, points, { ways, filter: options.filter });
  const window = Math.max(LEAST_WINDOW, Math.floor(room / Math.max(1, captures.length)));
  const streams = captures.map((capture, input) => openStream(job, capture, input, window));
  let others = 0;
  const write = (stream: PacketStream<WrittenPlace>, input: number): void => {
    const { frame, place } = stream;
    const { seconds, nanoseconds } = frame;
    frame.seconds = stream.seconds;
    frame.nanoseconds = stream.nanoseconds;
    if (!notes.read(frame, input, place)) {
      others++;
      return;
    }
    if (!aligned) {
      frame.seconds = seconds;
      frame.nanoseconds = nanoseconds;
    }
    const { written } = place;
    written.packets++;
    if (notes.block.count > 0) written.commented++;
    blocks.add(written.index, frame, notes.block);
  };
  try {
    for (const stream of streams) await stream.fill();
    await mergeStreams(streams, write, options.ready ?? (() => undefined));
  } finally {
    for (const stream of streams) stream.close();
  }
  blocks.flush();
  finish(job, writer);
  const { written } = interfaces;
  return {
    points: written,
    packets: written.reduce((sum, { packets }) => sum + packets, 0),
    commented: written.reduce((sum, { commented }) => sum + commented, 0),
    others,
    leftOut: job.leftOut,
    late: streams.reduce((sum, { late }) => sum + late, 0),
    issues: job.issues,
  };
}

function openStream(
  job: Job,
  capture: CaptureInput,
  input: number,
  window: number,
): PacketStream<WrittenPlace> {
  const reader: CaptureReader = new CaptureReader((frame) => visit(frame), {
    path: capture.path,
    limits: capture.limits,
    keepOptions: true,
  });
  const stream = new PacketStream<WrittenPlace>(capture.open(), reader, window, (source) => {
    const { packets, issues } = reader.end(source.issue);
    // The first reading asked for no options, and told everything else.
    job.issues.push(...issues.filter(({ code }) => code === 'limit-pcapng-options'));
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
  const places = new Places(job.result, input, reader, job.interfaces, job.points);
  const time = { seconds: 0, nanoseconds: 0 };
  const visit = (frame: Frame): void => {
    if (frame.told?.text !== undefined && frame.captured === 0) {
      job.leftOut++;
      return;
    }
    const place = places.of(frame);
    if (!place) return;
    time.seconds = frame.seconds;
    time.nanoseconds = frame.nanoseconds;
    setClock(time, capture);
    // A reader's frames are all such.
    stream.add(frame as BlockFrame, time.seconds, time.nanoseconds, place);
  };
  return stream;
}

/** Points and interfaces that no packet was seen on are there too: that is something to know. */
function finish({ result, interfaces }: Job, writer: PcapngWriter): void {
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
  for (const { index, interfaces: own, point } of interfaces.written) {
    const lost = own.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
    const at = point.last ?? point.first ?? 0;
    const seconds = Math.floor(at);
    if (lost > 0) writer.statistics(index, { seconds, nanoseconds: Math.floor((at - seconds) * 1e9) }, lost);
  }
}
