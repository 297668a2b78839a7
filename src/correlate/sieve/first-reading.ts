/** The first reading of one capture: what every conversation looked like at every point, without keeping packets. */
import type { InputLimits } from '../../base/limits.ts';
import type { Pace } from '../../base/pace.ts';
import type { Frame } from '../../capture/frame.ts';
import { scanCapture } from '../../capture/scan.ts';
import type { ByteSource } from '../../capture/source.ts';
import type { CaptureSummary } from '../../capture/summary.ts';
import { dissect } from '../../packet/dissect.ts';
import { CaptureFlows, type CaptureFlowsParts } from '../../scan/capture-flows.ts';
import { createObserver } from '../../topology/observe.ts';
import type { PointObservation } from '../../topology/topology.ts';
import { setClock, setClocks } from '../clocks.ts';
import { type PointCount, PointCounter } from '../point-count.ts';
import { GroupLog, QuotedLog } from './quoted.ts';

export interface FirstReading {
  readonly flows: CaptureFlows;
  readonly summary: CaptureSummary;
  readonly observations: readonly PointObservation[];
  readonly quoted: QuotedLog;
  readonly groups: GroupLog;
  /** Of the packets that aren't plain. */
  readonly oddPoints: readonly PointCount[];
}

/** The same as plain data, which one thread can hand to another. */
export interface FirstReadingParts {
  readonly flows: CaptureFlowsParts;
  readonly summary: CaptureSummary;
  readonly observations: readonly PointObservation[];
  readonly quoted: ReturnType<QuotedLog['parts']>;
  readonly groups: ReturnType<GroupLog['parts']>;
  readonly oddPoints: readonly PointCount[];
}

/** What it takes to read a capture, without where its bytes come from. */
export interface ReadingTask {
  readonly input: number;
  readonly path: string;
  /** Seconds that its machine's clock is ahead. */
  readonly clock?: number | undefined;
  /** Conversations that are kept at most. */
  readonly most?: number | undefined;
  readonly limits?: InputLimits | undefined;
}

export async function readFirst(
  task: ReadingTask,
  source: ByteSource,
  onProgress?: (bytes: number) => undefined,
  pace?: Pace,
): Promise<FirstReading> {
  const observer = createObserver(task.input);
  const quoted = new QuotedLog();
  const groups = new GroupLog();
  const odd = new PointCounter();
  const logs = [observer, quoted, groups, odd];
  const flows = new CaptureFlows({
    ...(task.most !== undefined && { most: task.most }),
    isDirect: (task.clock ?? 0) === 0,
    onSent: (sent) => observer.addSent(sent),
    onReceived: (received) => observer.addReceived(received),
    onOdd: (frame) => {
      const packet = dissect(frame);
      for (const log of logs) log.add(packet);
    },
  });
  const visit = (frame: Frame): void => {
    setClock(frame, task);
    flows.add(frame);
  };
  const summary = await scanCapture(source, visit, {
    path: task.path,
    limits: task.limits,
    stretches: flows.stretches,
    columns: flows.columns,
    onColumns: (columns) => {
      setClocks(columns, task);
      flows.addColumns(columns);
    },
    onBlockEnd: () => flows.flush(),
    onProgress,
    pace,
  });
  flows.end();
  return { flows, summary, observations: observer.observations(), quoted, groups, oddPoints: odd.counts };
}

export function partsOf({ flows, quoted, groups, ...plain }: FirstReading): FirstReadingParts {
  return { ...plain, flows: flows.parts(), quoted: quoted.parts(), groups: groups.parts() };
}

export function readingOf({ flows, quoted, groups, ...plain }: FirstReadingParts): FirstReading {
  return {
    ...plain,
    flows: CaptureFlows.of(flows),
    quoted: QuotedLog.of(quoted),
    groups: GroupLog.of(groups),
  };
}
