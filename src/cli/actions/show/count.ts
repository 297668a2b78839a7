import type { Issue } from '../../../base/issue.ts';
import { printable } from '../../../base/printable.ts';
import { scanCapture } from '../../../capture/scan.ts';
import type { CaptureSummary, Instant } from '../../../capture/summary.ts';
import type { CaptureInput } from '../../../input/input.ts';
import { formatTime } from '../../../packet/format-time.ts';
import { columns } from '../../../report/text/wrap.ts';
import type { AskedFrames } from './asked.ts';
import type { ShowJob } from './showing.ts';

type Count = Pick<CaptureSummary, 'packets' | 'bytes' | 'first' | 'last' | 'issues'>;

/** Packets, bytes on the wire, first and last time (epoch seconds) of each capture. */
export async function showCount({ inputs, output, asked }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  const rows = [['packets', 'bytes', 'first', 'last', 'capture']];
  for (const capture of inputs.captures) {
    const summary = asked
      ? await countAsked(capture, asked)
      : await scanCapture(capture.open(), undefined, { path: capture.path, limits: capture.limits });
    issues.push(...summary.issues);
    rows.push([
      String(summary.packets),
      String(summary.bytes),
      instant(summary.first),
      instant(summary.last),
      printable(capture.path),
    ]);
  }
  for (const line of columns(rows, { width: Number.POSITIVE_INFINITY, right: [0, 1, 2, 3] }))
    output.write(`${line}\n`);
  return issues;
}

async function countAsked(capture: CaptureInput, asked: AskedFrames): Promise<Count> {
  let packets = 0;
  let bytes = 0;
  let first: Instant | undefined;
  let last: Instant | undefined;
  const { issues } = await scanCapture(
    capture.open(),
    (frame) => {
      if (!asked.isAsked(frame)) return;
      packets++;
      bytes += frame.length;
      const { seconds, nanoseconds } = frame;
      if (!first || isBefore(frame, first)) first = { seconds, nanoseconds };
      if (!last || isBefore(last, frame)) last = { seconds, nanoseconds };
    },
    { path: capture.path, limits: capture.limits },
  );
  return { packets, bytes, issues, ...(first && { first }), ...(last && { last }) };
}

function isBefore(one: Instant, other: Instant): boolean {
  return (
    one.seconds < other.seconds || (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds)
  );
}

function instant(time: Instant | undefined): string {
  return time ? formatTime(time.seconds, time.nanoseconds) : '-';
}
