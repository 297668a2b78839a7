import type { Issue } from '../../../base/issue.ts';
import { scanCapture } from '../../../capture/scan.ts';
import { paced } from '../../output.ts';
import { packetWriter } from './packet.ts';
import type { ShowJob } from './showing.ts';

/** One JSON line a packet, captures one after the other. */
export async function showLines({ inputs, output, asked }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const capture of inputs.captures) {
    const write = packetWriter(capture.path, output);
    const summary = await scanCapture(
      paced(capture.open(), output),
      (frame) => {
        if (asked && !asked.isAsked(frame)) return;
        write(frame);
        output.write('\n');
      },
      { path: capture.path, limits: capture.limits, isPrompt: capture.path === '-' },
    );
    issues.push(...summary.issues);
  }
  return issues;
}
