import type { Issue } from '../../../base/issue.ts';
import { scanCapture } from '../../../capture/scan.ts';
import { dissect } from '../../../packet/dissect.ts';
import { packetLine } from '../../../packet/packet-line.ts';
import { jsonText } from '../../../report/json.ts';
import { paced } from '../../output.ts';
import type { ShowJob } from '../show.ts';

/** One JSON line a packet, captures one after the other. */
export async function showLines({ inputs, output }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const capture of inputs.captures) {
    const summary = await scanCapture(
      paced(capture.open(), output),
      (frame) => output.write(`${jsonText(packetLine(dissect(frame), capture.path))}\n`),
      { path: capture.path },
    );
    issues.push(...summary.issues);
  }
  return issues;
}
