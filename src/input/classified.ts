/** What a file turned out to be. */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../base/limits.ts';
import { placeFromFileName } from './file-name.ts';
import type { CaptureInput } from './input.ts';
import type { PlacedEntry, RecognisedDump } from './placed.ts';
import type { TextCaptureInput } from './text-capture.ts';
import type { Transcript } from './transcript.ts';

export type Classified =
  | { readonly kind: 'capture'; readonly capture: CaptureInput; readonly issues: readonly Issue[] }
  | { readonly kind: 'text'; readonly text: TextCaptureInput; readonly issues: readonly Issue[] }
  | { readonly kind: 'dump'; readonly dump: RecognisedDump; readonly issues: readonly Issue[] }
  | { readonly kind: 'transcript'; readonly transcript: Transcript; readonly issues: readonly Issue[] }
  | { readonly kind: 'nothing'; readonly issues: readonly Issue[] };

export function captureInput(
  { entry, place, command, dropped }: PlacedEntry,
  limits: InputLimits,
): CaptureInput {
  const named = place ? undefined : placeFromFileName(entry.name);
  const given = place ?? (named ? { ...named, by: 'file-name' as const } : { by: 'assumed' as const });
  return {
    path: entry.path,
    ...given,
    ...(command !== undefined && { command }),
    ...(dropped !== undefined && { dropped }),
    ...(entry.once && { once: true }),
    ...(entry.file !== undefined && { file: entry.file }),
    ...(limits !== DEFAULT_LIMITS && { limits }),
    open: () => entry.open(),
  };
}

/** The code by which `ignoreUnknown` knows them. */
export const UNKNOWN_INPUT = 'input-unknown';

export function unknown(placed: PlacedEntry, text: string): Issue {
  const severity = placed.expected ? 'error' : 'warning';
  return { severity, code: UNKNOWN_INPUT, text, path: placed.entry.path };
}

export function nothing(...issues: Issue[]): Classified {
  return { kind: 'nothing', issues };
}

export const NO_CAPTURE = 'not a capture (pcap, pcapng or snoop, also packed with gzip or zstd)';
