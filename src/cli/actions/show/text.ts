import type { Issue } from '../../../base/issue.ts';
import { formatIssue } from '../../../base/issue.ts';
import { printable } from '../../../base/printable.ts';
import { scanCapture } from '../../../capture/scan.ts';
import type { CaptureSummary } from '../../../capture/summary.ts';
import type { CaptureInput, DumpInput, PlacedBy } from '../../../input/input.ts';
import { dissect } from '../../../packet/dissect.ts';
import { contentLines } from '../../../report/text/dump/content.ts';
import { count } from '../../../report/text/notes.ts';
import { PacketBytes } from '../../../report/text/packet-bytes.ts';
import { dayOf, dayText, packetText, timeText } from '../../../report/text/packet-line.ts';
import { finish, type Style, styleOf, type TextOptions } from '../../../report/text/style.ts';
import { thousands } from '../../../report/text/summary.ts';
import { hang } from '../../../report/text/wrap.ts';
import type { PlayedCommand } from '../../../snapshot/snapshot.ts';
import { paced } from '../../output.ts';
import { openCapture } from '../show.ts';
import type { ShowJob } from './showing.ts';

/** Every input with what it was taken for and why, where it belongs, and what it holds. */
export async function showText(
  { inputs, output, places, commands, asked }: ShowJob,
  options: TextOptions,
): Promise<Issue[]> {
  const style = styleOf(options);
  const issues: Issue[] = [];
  const put = (lines: readonly string[]) => output.write(finish(lines, options));
  let first = true;
  const gap = () => {
    if (!first) output.write('\n');
    first = false;
  };
  for (const [index, capture] of inputs.captures.entries()) {
    gap();
    const place = places.find((point) => point.input === index);
    const at = place && `${place.namespace}:${place.interface}`;
    const summary = await showCapture(
      capture,
      title(capture.path, at, place?.by, style),
      output,
      style,
      options,
      asked,
    );
    issues.push(...summary.issues);
  }
  for (const input of inputs.dumps) {
    gap();
    put(dumpLines(input, style));
  }
  for (const path of new Set(commands.map(({ span }) => span.path))) {
    gap();
    put(
      commandLines(
        path,
        commands.filter(({ span }) => span.path === path),
        style,
      ),
    );
  }
  return issues;
}

async function showCapture(
  capture: CaptureInput,
  head: string,
  output: ShowJob['output'],
  style: Style,
  options: TextOptions,
  asked: ShowJob['asked'],
): Promise<CaptureSummary> {
  const { source, kind, why } = await openCapture(capture);
  output.write(finish([head, style.dim(`  ${kind}: ${printable(why)}`)], options));
  const plain = new PacketBytes();
  let day: number | undefined;
  let matched = 0;
  const summary = await scanCapture(
    paced(source, output),
    (frame) => {
      if (asked && !asked.isAsked(frame)) return;
      matched++;
      const today = dayOf(frame.seconds);
      if (today !== day) output.write(`  ${dayText(today)} UTC\n`);
      day = today;
      const block = output.room(PacketBytes.most);
      const end = plain.write(block.view, block.at, frame);
      if (end < 0) output.write(`${packetText(dissect(frame))}\n`);
      else block.at = end;
    },
    { path: capture.path, limits: capture.limits, isPrompt: capture.path === '-' },
  );
  if (asked) {
    const text = `filter: ${thousands(matched)} of ${thousands(summary.packets)} packets (${printable(asked.expression)})`;
    output.write(finish(hang('  ', style.dim(text), style.width), options));
  }
  output.write(finish(footer(summary, style), options));
  return summary;
}

function footer(summary: CaptureSummary, style: Style): string[] {
  const { first, last, packets, bytes } = summary;
  const span =
    first && last
      ? `, ${timeText(first.seconds, first.nanoseconds)} – ${timeText(last.seconds, last.nanoseconds)} UTC`
      : '';
  const cut =
    summary.cut > 0 ? `, ${count(summary.cut, 'packet')} cut by the snaplen ${summary.snaplen}` : '';
  const named = summary.interfaces.filter((one) => one.name !== undefined);
  const interfaces = named.map((one) => `${printable(one.name ?? '')} (${count(one.packets, 'packet')})`);
  return [
    ...hang(
      '  ',
      style.dim(`${count(packets, 'packet')}, ${count(bytes, 'byte')}${span}${cut}`),
      style.width,
    ),
    ...(interfaces.length > 0
      ? hang('  ', style.dim(`interfaces: ${interfaces.join(', ')}`), style.width)
      : []),
  ];
}

function dumpLines({ dump, namespace, by }: DumpInput, style: Style): string[] {
  const ofHost =
    dump.content.kind === 'containers' ||
    dump.content.kind === 'docker-networks' ||
    dump.content.kind === 'processes';
  return [
    title(dump.path, ofHost ? undefined : namespace, by, style),
    ...hang(
      '  ',
      style.dim(`${dump.format} (${printable(dump.command)}): ${printable(dump.why)}`),
      style.width,
    ),
    ...contentLines(dump.content, style),
    ...dump.issues.flatMap(({ path: _, ...issue }) =>
      hang('  ', style.doubtful(printable(formatIssue(issue))), style.width),
    ),
  ];
}

/** A session or script: the commands in it that change something, with their lines and where they run. */
function commandLines(path: string, commands: readonly PlayedCommand[], style: Style): string[] {
  const wide = Math.max(...commands.map(({ span }) => String(span.line).length));
  return [
    style.name(printable(path)),
    style.dim(`  ${count(commands.length, 'command')} that change the state`),
    ...commands.flatMap(({ typed, span, refusal }) => [
      ...hang(`  ${String(span.line).padStart(wide)}  `, printable(typed), style.width),
      ...(refusal
        ? hang(
            `  ${' '.repeat(wide)}  ✗ `,
            style.doubtful(printable(`changes nothing: ${refusal.reason}`)),
            style.width,
          )
        : []),
    ]),
  ];
}

const BY: Readonly<Record<PlacedBy, string>> = {
  argument: 'said on the command line',
  bundle: "by the bundle's folder",
  manifest: 'by the manifest',
  session: 'by the command in the session',
  pcapng: 'by the interface named in the file',
  'file-name': 'by the file name',
  inference: 'inferred',
  assumed: 'assumed',
};

function title(path: string, place: string | undefined, by: PlacedBy | undefined, style: Style): string {
  const where =
    place === undefined
      ? ''
      : `  ${style.dim('of')} ${printable(place)}${by ? style.dim(`, ${BY[by]}`) : ''}`;
  return `${style.name(printable(path))}${where}`;
}
