import { printable } from '../../base/printable.ts';
import { scanCapture } from '../../capture/scan.ts';
import { CaptureFlows, UNTOLD } from '../../scan/capture-flows.ts';
import type { Io, Status } from '../io.ts';
import { issuesOf, loadInputs } from '../load.ts';
import { hasErrors, tellIssues } from '../messages.ts';

/** One line a capture: packets, plain ones, conversations. */
export async function scanAction(words: readonly string[], io: Io): Promise<Status> {
  const { inputs, progress } = await loadInputs(words, { format: 'text', color: 'auto' }, io);
  const issues = issuesOf(inputs);
  for (const capture of inputs.captures) {
    const flows = new CaptureFlows(UNTOLD);
    const summary = await scanCapture(capture.open(), (frame) => flows.add(frame), {
      path: capture.path,
      columns: flows.columns,
      onColumns: (columns) => flows.addColumns(columns),
      onBlockEnd: () => flows.flush(),
    });
    flows.end();
    issues.push(...summary.issues);
    io.stdout.write(
      `${printable(capture.path)}: ${summary.packets} packets, ${flows.plain} of them plain, ${flows.table.records.count} conversations\n`,
    );
  }
  progress.end();
  tellIssues(io, issues, {});
  return hasErrors(issues) ? 2 : 0;
}
