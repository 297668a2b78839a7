/** What one file is, decided by its content: a capture, a dump, or nothing that is known. */
import type { Issue } from '../base/issue.ts';
import { foreignCapture, isCapture } from '../capture/magic.ts';
import { recogniseDump, unrecognised } from '../dump/recognise.ts';
import { isTar } from './archive.ts';
import { generatedTime, stageOf, timeFromFileName } from './dump-time.ts';
import { baseName, placeFromFileName } from './file-name.ts';
import type { CaptureInput } from './input.ts';
import type { InputLimits } from './limits.ts';
import type { PlacedEntry, RecognisedDump } from './placed.ts';
import { decodeText, readAll } from './text.ts';
import { type TextCaptureInput, textCapture, textCaptureLines } from './text-capture.ts';
import { readTranscript, type Transcript } from './transcript.ts';

export type Classified =
  | { readonly kind: 'capture'; readonly capture: CaptureInput; readonly issues: readonly Issue[] }
  | { readonly kind: 'text'; readonly text: TextCaptureInput; readonly issues: readonly Issue[] }
  | { readonly kind: 'dump'; readonly dump: RecognisedDump; readonly issues: readonly Issue[] }
  | { readonly kind: 'transcript'; readonly transcript: Transcript; readonly issues: readonly Issue[] }
  | { readonly kind: 'nothing'; readonly issues: readonly Issue[] };

export async function classify(placed: PlacedEntry, limits: InputLimits): Promise<Classified> {
  const { entry } = placed;
  const { head, issue } = await entry.look(512);
  if (head.length === 0) return issue ? nothing(issue) : empty(placed);
  if (isCapture(head)) {
    return { kind: 'capture', capture: captureInput(placed), issues: [] };
  }
  const foreign = foreignCapture(head);
  if (foreign !== undefined) {
    return nothing(unknown(placed, `${foreign}, which is not read; convert it with editcap -F pcapng`));
  }
  if (isTar(head)) {
    return nothing(unknown(placed, 'an archive inside an archive or directory; name it by itself'));
  }
  const all = await readAll(entry.path, entry.open(), limits.dumpBytes);
  const issues = all.issue ? [all.issue] : [];
  const text = all.bytes && decodeText(all.bytes);
  if (all.bytes === undefined) return { kind: 'nothing', issues };
  if (text === undefined) return nothing(...issues, unknown(placed, `${describe(head)}; ${NO_CAPTURE}`));
  if (text.trim() === '') return empty(placed);
  return recognise(placed, text, issues);
}

function recognise(placed: PlacedEntry, text: string, issues: readonly Issue[]): Classified {
  const { entry, place } = placed;
  const lines = textCaptureLines(text);
  const transcript = readTranscript(entry.path, text, place?.namespace);
  // What a packet carried may look like a command; a session has something that one printed or changed.
  if (lines && (!transcript || transcript.dumps.length + transcript.commands.length === 0)) {
    const { open: _, ...capture } = captureInput(placed);
    return { kind: 'text', text: textCapture(placed, capture, lines), issues };
  }
  if (transcript) {
    const captures = transcript.captures.map((each) => placedText(each, placed));
    return {
      kind: 'transcript',
      transcript: { ...transcript, captures },
      issues: [...issues, ...transcript.issues],
    };
  }
  const dump = recogniseDump(entry.path, text, placed.command ?? entry.name);
  if (!dump) {
    return nothing(...issues, unknown(placed, `${NO_CAPTURE}, and ${unrecognised(entry.path).text}`));
  }
  // A pasted prompt or `ip netns exec` says it better than a file's name.
  const namespace = place?.namespace ?? dump.namespace;
  return {
    kind: 'dump',
    dump: {
      dump,
      ...(namespace === undefined ? {} : { namespace }),
      by: place?.by ?? (dump.namespace === undefined ? 'assumed' : 'inference'),
      ...takenAt(placed, text),
      ...(placed.folder === undefined ? {} : { folder: placed.folder }),
    },
    issues,
  };
}

/** The interface that the command line, a bundle or its manifest names counts for more than the command in the text. */
function placedText(text: TextCaptureInput, { place, entry, time }: PlacedEntry): TextCaptureInput {
  const capture = place?.interface === undefined ? text.capture : { ...text.capture, ...place };
  return textCapture({ entry, ...(time !== undefined && { time }) }, capture, text.lines);
}

/** What the dump says of its time counts for more than its name, and that for more than its bundle's. */
function takenAt(
  { entry, time, timeBy, container }: PlacedEntry,
  text: string,
): Pick<RecognisedDump, 'time' | 'timeBy' | 'stage' | 'modified'> {
  const told = generatedTime(text);
  const named = timeFromFileName(entry.name);
  // Of the way there only what is near counts: the folder that was named, or the file's own.
  const near =
    container === undefined
      ? entry.name.split('/').slice(-2).join('/')
      : `${baseName(container)}/${entry.name}`;
  const stage = stageOf(near);
  return {
    ...(told !== undefined
      ? { time: told, timeBy: 'dump' as const }
      : timeBy === 'manifest' && time !== undefined
        ? { time, timeBy }
        : named !== undefined
          ? { time: named, timeBy: 'file-name' as const }
          : time === undefined || timeBy === undefined
            ? {}
            : { time, timeBy }),
    ...(stage && { stage }),
    ...(entry.modified === undefined ? {} : { modified: entry.modified }),
  };
}

/** An empty `iptables-save.txt` in a bundle says that there are no rules; an empty file of any other name says nothing. */
function empty(placed: PlacedEntry): Classified {
  const { entry, place } = placed;
  const dump = recogniseDump(entry.path, '', placed.command ?? entry.name);
  if (dump && (place?.by === 'bundle' || place?.by === 'manifest')) {
    return {
      kind: 'dump',
      dump: {
        dump,
        ...(place.namespace === undefined ? {} : { namespace: place.namespace }),
        by: place.by,
        ...takenAt(placed, ''),
      },
      issues: [],
    };
  }
  return nothing({
    severity: placed.expected ? 'error' : 'warning',
    code: 'input-empty',
    text: 'the file is empty',
    path: entry.path,
  });
}

function captureInput({ entry, place, command }: PlacedEntry): CaptureInput {
  const named = placeFromFileName(entry.name);
  const given = place ?? (named ? { ...named, by: 'file-name' as const } : { by: 'assumed' as const });
  return { path: entry.path, ...given, ...(command !== undefined && { command }), open: () => entry.open() };
}

/** The code by which `ignoreUnknown` knows them. */
export const UNKNOWN_INPUT = 'input-unknown';

function unknown(placed: PlacedEntry, text: string): Issue {
  const severity = placed.expected ? 'error' : 'warning';
  return { severity, code: UNKNOWN_INPUT, text, path: placed.entry.path };
}

function nothing(...issues: Issue[]): Classified {
  return { kind: 'nothing', issues };
}

const NO_CAPTURE = 'not a capture (pcap, pcapng or snoop, also packed with gzip or zstd)';

const KNOWN_MAGIC: readonly (readonly [string, string])[] = [
  ['PK\u0003\u0004', 'a zip archive'],
  ['\u007fELF', 'a program'],
  ['%PDF', 'a PDF document'],
  ['\u0089PNG', 'a PNG image'],
  ['BZh', 'a bzip2 file; unpack it first'],
  ['\u00fd7zXZ', 'an xz file; unpack it first'],
];

function describe(head: Uint8Array): string {
  const start = String.fromCharCode(...head.subarray(0, 8));
  return KNOWN_MAGIC.find(([magic]) => start.startsWith(magic))?.[1] ?? 'binary data';
}
