import type { Issue } from '../../../base/issue.ts';
import { scanCapture } from '../../../capture/scan.ts';
import { dissect } from '../../../packet/dissect.ts';
import { packetLine } from '../../../packet/packet-line.ts';
import { jsonText } from '../../../report/json.ts';
import type { ShowJob } from '../show.ts';

/** One JSON line a packet, captures one after the other. */
export async function showLines({ inputs, output }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const capture of inputs.captures) {
    const summary = await scanCapture(
      capture.open(),
      (frame) => output.write(`${jsonText(packetLine(dissect(frame), capture.path))}\n`),
      {
        path: capture.path,
        onProgress: () => {
          output.flush();
          return !output.closed;
        },
      },
    );
    issues.push(...summary.issues);
    if (output.closed) break;
  }
  return issues;
}
