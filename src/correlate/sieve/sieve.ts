/**
 * The first reading of large captures: what every conversation looked like at every point, without keeping packets, and from that which
 * flows are worth a second reading, packet by packet.
 */
import type { Frame } from '../../capture/frame.ts';
import { scanCapture } from '../../capture/scan.ts';
import type { CaptureSummary } from '../../capture/summary.ts';
import type { CaptureInput } from '../../input/input.ts';
import { dissect } from '../../packet/dissect.ts';
import type { Packet } from '../../packet/packet.ts';
import { CaptureFlows } from '../../scan/capture-flows.ts';
import { createObserver } from '../../topology/observe.ts';
import type { PointObservation } from '../../topology/topology.ts';
import { setClock } from '../clocks.ts';
import { BUDGET, type Budget, type Choice, choose, EVERYTHING } from './choose.ts';
import { Conversations } from './conversations.ts';
import { SeenFlows } from './flows.ts';
import { Links } from './links.ts';
import { GroupLog, QuotedLog } from './quoted.ts';

export interface SieveOptions {
  readonly budget?: Budget | undefined;
  /** Conversations that are kept of one capture at most. */
  readonly most?: number | undefined;
  /** Told of every packet that isn't plain. */
  readonly onOdd: (input: number, packet: Packet) => void;
  readonly progress?: ((capture: CaptureInput, bytes: number) => void) | undefined;
}

/** One capture after its first reading. */
export interface SievedCapture {
  readonly flows: CaptureFlows;
  readonly summary: CaptureSummary;
  readonly observations: readonly PointObservation[];
}

export interface Sieve {
  readonly captures: readonly SievedCapture[];
  readonly flows: SeenFlows;
  readonly choice: Choice;
}

/** Of so many packets all are looked at. */
const FEW = 100_000;

export async function sieve(captures: readonly CaptureInput[], options: SieveOptions): Promise<Sieve> {
  const quoted = new QuotedLog();
  const groups = new GroupLog();
  const sieved: SievedCapture[] = [];
  for (const [input, capture] of captures.entries()) {
    sieved.push(await readOnce(input, capture, [quoted, groups], options));
  }
  const flowsOf = sieved.map(({ flows }) => flows);
  const conversations = new Conversations(flowsOf);
  const links = new Links(flowsOf, conversations);
  const flows = new SeenFlows(flowsOf, conversations, links, quoted.of(conversations), groups);
  const packets = sieved.reduce((sum, { summary }) => sum + summary.packets, 0);
  const choice = choose(flows, packets <= FEW && !options.budget ? EVERYTHING : (options.budget ?? BUDGET));
  for (let flow = 0; flow < flows.count; flow++) {
    if (choice.wanted[flow] === 0) continue;
    for (const { capture, record } of flows.legs(flow)) flowsOf[capture]?.table.want(record);
  }
  return { captures: sieved, flows, choice };
}

async function readOnce(
  input: number,
  capture: CaptureInput,
  logs: readonly (QuotedLog | GroupLog)[],
  { onOdd, progress, most }: SieveOptions,
): Promise<SievedCapture> {
  const observer = createObserver(input);
  const flows = new CaptureFlows({
    ...(most !== undefined && { most }),
    onAlike: (alike) => observer.addAlike(alike),
    onOdd: (frame) => {
      const packet = dissect(frame);
      observer.add(packet);
      for (const log of logs) log.add(packet);
      onOdd(input, packet);
    },
  });
  const visit = (frame: Frame): void => {
    setClock(frame, capture);
    flows.add(frame);
  };
  const summary = await scanCapture(capture.open(), visit, {
    path: capture.path,
    stretches: flows.stretches,
    onBlockEnd: () => flows.flush(),
    onProgress: (bytes) => progress?.(capture, bytes) as undefined,
  });
  flows.end();
  return { flows, summary, observations: observer.observations() };
}
