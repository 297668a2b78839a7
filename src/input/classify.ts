/** What one file is, decided by its content: a capture, a dump, or nothing that is known. */

import type { InputLimits } from '../base/limits.ts';
import { foreignCapture, isCapture } from '../capture/magic.ts';
import { isTar } from './archive.ts';
import { type Classified, captureInput, NO_CAPTURE, nothing, unknown } from './classified.ts';
import type { PlacedEntry } from './placed.ts';
import { decodeText, readAll, withoutLongLines } from './text.ts';

export async function classify(placed: PlacedEntry, limits: InputLimits): Promise<Classified> {
  const { entry } = placed;
  const { head, all: short, issue } = await entry.look(512);
  if (head.length === 0) return issue ? nothing(issue) : (await texts()).emptyText(placed);
  if (isCapture(head)) {
    return { kind: 'capture', capture: captureInput(placed, limits), issues: [] };
  }
  const foreign = foreignCapture(head);
  if (foreign !== undefined) {
    return nothing(unknown(placed, `${foreign}, which is not read; convert it with editcap -F pcapng`));
  }
  if (isTar(head)) {
    return nothing(unknown(placed, 'an archive inside an archive or directory; name it by itself'));
  }
  const isRead = short !== undefined && issue === undefined && short.length <= limits.dumpBytes;
  const all = isRead ? { bytes: short } : await readAll(entry.path, entry.open(), limits);
  const issues = all.issue ? [all.issue] : [];
  const whole = all.bytes && decodeText(all.bytes);
  if (all.bytes === undefined) return { kind: 'nothing', issues };
  if (whole === undefined) return nothing(...issues, unknown(placed, `${describe(head)}; ${NO_CAPTURE}`));
  const { text, issue: tooLong } = withoutLongLines(entry.path, whole, limits);
  if (tooLong) issues.push(tooLong);
  const { emptyText, recogniseText } = await texts();
  return text.trim() === '' ? emptyText(placed) : recogniseText(placed, text, issues, limits);
}

/** The readers of everything that is text: captures alone need none of them. */
const texts = () => import('./classify-text.ts');

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
