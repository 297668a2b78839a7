import type { Issue } from '../../../base/issue.ts';
import { scanCapture } from '../../../capture/scan.ts';
import type { CaptureSummary, Instant } from '../../../capture/summary.ts';
import type { CaptureInput } from '../../../input/input.ts';
import { formatTime } from '../../../packet/format-time.ts';
import { jsonText } from '../../../report/json.ts';
import { describeDump } from '../../../report/records.ts';
import { type Output, paced } from '../../output.ts';
import { openCapture } from '../show.ts';
import { packetWriter } from './packet.ts';
import type { ShowJob } from './showing.ts';

/** One document, written as the captures are read: a capture of any size needs no memory for it. */
export async function showJson({ inputs, output, places, commands, asked }: ShowJob): Promise<Issue[]> {
  const issues: Issue[] = [];
  output.write('{"schema": "nettrace-show/1", "inputs": [');
  let separator = '\n';
  for (const [index, capture] of inputs.captures.entries()) {
    output.write(separator);
    separator = ',\n';
    const place = places.find((point) => point.input === index);
    const placed = place && { namespace: place.namespace, interface: place.interface, placedBy: place.by };
    issues.push(...(await writeCapture(capture, placed ?? {}, output, asked)));
  }
  for (const { dump, namespace, by } of inputs.dumps) {
    output.write(separator);
    separator = ',\n';
    output.write(
      jsonText(
        {
          path: dump.path,
          kind: dump.format,
          command: dump.command,
          why: dump.why,
          namespace,
          placedBy: by,
          content: describeDump(dump),
          warnings: dump.issues.map(({ line, text }) => ({ ...(line !== undefined && { line }), text })),
        },
        1,
      ),
    );
  }
  const warnings = [...inputs.issues, ...issues].map(({ path, line, packet, text }) => ({
    path,
    line,
    packet,
    text,
  }));
  const played = commands.map(({ namespace, typed, span, refusal }) => ({
    ...{ path: span.path, line: span.line, namespace, command: typed },
    ...(refusal && { refusal }),
  }));
  if (played.length > 0)
    output.write(`\n], "commands": ${jsonText(played)}, "warnings": ${jsonText(warnings)}}\n`);
  else output.write(`\n], "warnings": ${jsonText(warnings)}}\n`);
  return issues;
}

async function writeCapture(
  capture: CaptureInput,
  placed: object,
  output: Output,
  asked: ShowJob['asked'],
): Promise<Issue[]> {
  const { source, kind, why } = await openCapture(capture);
  const head = jsonText({ path: capture.path, kind, why, ...placed });
  output.write(`${head.slice(0, -1)}, "packets": [`);
  let separator = '\n';
  let matched = 0;
  const write = packetWriter(capture.path, output);
  const summary = await scanCapture(
    paced(source, output),
    (frame) => {
      if (asked && !asked.isAsked(frame)) return;
      matched++;
      output.write(separator);
      write(frame);
      separator = ',\n';
    },
    { path: capture.path, limits: capture.limits, isPrompt: capture.path === '-' },
  );
  const filter = asked && { expression: asked.expression, matched, packets: summary.packets };
  output.write(
    `\n], ${filter ? `"filter": ${jsonText(filter)}, ` : ''}"capture": ${jsonText(describeSummary(summary))}}`,
  );
  return summary.issues;
}

function describeSummary({ first, last, issues: _, ...summary }: CaptureSummary): object {
  return { ...summary, ...(first && { first: instant(first) }), ...(last && { last: instant(last) }) };
}

function instant({ seconds, nanoseconds }: Instant): string {
  return formatTime(seconds, nanoseconds);
}
