/** What a text is: packets as tcpdump prints them, a session or script, or the output of one command. */
import type { Issue } from '../base/issue.ts';
import type { InputLimits } from '../base/limits.ts';
import { parseHint } from '../dump/hint.ts';
import { recogniseDump, unrecognised } from '../dump/recognise.ts';
import type { TextLine } from '../tcpdump/grouping.ts';
import { type Classified, captureInput, NO_CAPTURE, nothing, unknown } from './classified.ts';
import { generatedTime, stageOf, timeFromFileName } from './dump-time.ts';
import { baseName } from './file-name.ts';
import type { PlacedEntry, RecognisedDump } from './placed.ts';
import { type TextCaptureInput, textCapture, textCaptureLines, textCaptureRest } from './text-capture.ts';
import { readTranscript } from './transcript.ts';

/** A text that isn't blank: packets as tcpdump prints them, a session, or a dump. */
export function recogniseText(
  placed: PlacedEntry,
  text: string,
  issues: readonly Issue[],
  limits: InputLimits,
): Classified {
  const { entry, place } = placed;
  const isData = isJson(text);
  // Of a file that a bundle names after its dump, packets are read when it is none.
  const isNamed = place?.by === 'bundle' && parseHint(entry.name) !== undefined;
  const lines = isData || isNamed ? undefined : textCaptureLines(text);
  const transcript = isData ? undefined : readTranscript(entry.path, text, place?.namespace, limits);
  // What a packet carried may look like a command; a session has something that one printed or changed.
  if (lines && (!transcript || transcript.dumps.length + transcript.commands.length === 0))
    return textOf(placed, lines, issues, limits);
  if (transcript) {
    const captures = transcript.captures.map((each) => placedText(each, placed));
    return {
      kind: 'transcript',
      transcript: { ...transcript, captures },
      issues: [...issues, ...transcript.issues],
    };
  }
  const dump = recogniseDump(entry.path, text, placed.command ?? entry.name, limits);
  if (!dump) {
    const rest = isData ? undefined : textCaptureRest(text);
    if (rest) return textOf(placed, rest, issues, limits);
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

function textOf(
  placed: PlacedEntry,
  lines: readonly TextLine[],
  issues: readonly Issue[],
  limits: InputLimits,
): Classified {
  const { open: _, ...capture } = captureInput(placed, limits);
  return { kind: 'text', text: textCapture(placed, capture, lines), issues };
}

/** One whole document: no line of it is a packet's, nor typed at a prompt, since its strings have no line breaks. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
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
export function emptyText(placed: PlacedEntry): Classified {
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
