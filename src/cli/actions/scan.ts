import { printable } from '../../base/printable.ts';
import { scanCapture } from '../../capture/scan.ts';
import type { CaptureSummary } from '../../capture/summary.ts';
import type { CaptureInput } from '../../input/input.ts';
import { CaptureFlows, UNTOLD } from '../../scan/capture-flows.ts';
import type { ScanOptions } from '../commands/scan.ts';
import type { Io, Status } from '../io.ts';
import { issuesOf, loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { parseThreads } from '../threads.ts';

interface Read {
  readonly flows: CaptureFlows;
  readonly summary: CaptureSummary;
}

/** One line a capture: packets, plain ones, conversations. */
export async function scanAction(words: readonly string[], options: ScanOptions, io: Io): Promise<Status> {
  const threads = parseThreads(options.threads);
  const { inputs, progress } = await loadInputs(
    words,
    { format: 'text', color: 'auto', ...(options.limit && { limit: options.limit }) },
    io,
  );
  const issues = issuesOf(inputs);
  const { captures } = inputs;
  const readings =
    captures.length > 1 ? await readAll(captures, threads) : await Promise.all(captures.map(readOne));
  for (const [index, { flows, summary }] of readings.entries()) {
    issues.push(...summary.issues);
    io.stdout.write(
      `${printable(captures[index]?.path ?? '')}: ${summary.packets} packets, ${flows.plain} of them plain, ${flows.table.records.count} conversations\n`,
    );
  }
  progress.end();
  tellIssues(io, issues, {});
  return hasErrors(issues) ? 2 : 0;
}

async function readOne(capture: CaptureInput): Promise<Read> {
  const flows = new CaptureFlows({ ...UNTOLD, isDirect: true });
  const summary = await scanCapture(capture.open(), (frame) => flows.add(frame), {
    path: capture.path,
    limits: capture.limits,
    columns: flows.columns,
    onColumns: (columns) => flows.addColumns(columns),
    onBlockEnd: () => flows.flush(),
  });
  flows.end();
  return { flows, summary };
}

/** As an analysis reads several: by threads, and with what it asks of packets that aren't plain. */
async function readAll(
  captures: readonly CaptureInput[],
  threads: number | undefined,
): Promise<readonly Read[]> {
  const { readCaptures } = await import('../../correlate/sieve/readers.ts');
  return readCaptures(captures, { threads });
}
