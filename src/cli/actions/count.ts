import type { Issue } from '../../base/issue.ts';
import { printable } from '../../base/printable.ts';
import { scanCapture } from '../../capture/scan.ts';
import type { Instant } from '../../capture/summary.ts';
import { formatTime } from '../../packet/format-time.ts';
import { columns } from '../../report/text/wrap.ts';
import type { ShowOptions } from '../commands/show.ts';
import type { Io, Status } from '../io.ts';
import { needCapture, type ShowJob, showing } from './show/showing.ts';

/** `show --format count`, in a bundle of its own: it loads what counting needs. */
export function countAction(
  words: readonly string[],
  options: ShowOptions & { readonly format: 'count' },
  io: Io,
): Promise<Status> {
  return showing(words, options, io, (job) => showCount(needCapture(job, 'count')));
}

/** Packets, bytes on the wire, first and last time (epoch seconds) of each capture. */
async function showCount({ inputs, output }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  const rows = [['packets', 'bytes', 'first', 'last', 'capture']];
  for (const capture of inputs.captures) {
    const summary = await scanCapture(capture.open(), undefined, { path: capture.path });
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

function instant(time: Instant | undefined): string {
  return time ? formatTime(time.seconds, time.nanoseconds) : '-';
}
