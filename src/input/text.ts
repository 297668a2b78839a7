import { isAscii } from 'node:buffer';
import type { Issue } from '../base/issue.ts';
import { type InputLimits, limitIssue } from '../base/limits.ts';
import type { ByteSource } from '../capture/source.ts';

/** Text of a dump: UTF-8, or UTF-16 by its byte order mark. Undefined when it is no text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  const text = isAscii(bytes) ? latin1(bytes) : new TextDecoder(encoding).decode(bytes);
  return looksLikeText(text.slice(0, 65536)) ? text : undefined;
}

/** Most dumps; Node's decoders cost more than a dump's reading before they have decoded anything. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/**
 * Escape sequences and a stray byte are fine (`script` output); many control and undecodable characters are not, unless they
 * stand together: most pieces or lines of a text have none, those of anything else do.
 */
function looksLikeText(sample: string): boolean {
  const odd = sample.match(ODD)?.length ?? 0;
  if (odd <= Math.max(FEW, sample.length / 50) && !sample.includes('\0')) return true;
  return [/[\s\S]{1,32}/g, /[^\n]+/g].some((piece) => {
    const pieces = sample.match(piece) ?? [];
    return pieces.filter((each) => each.search(ODD) < 0).length * 2 >= pieces.length;
  });
}

/** Odd characters that a short text may have, too. */
const FEW = 4;
const ODD = /[\0-\x07\x0e-\x1a\x1c-\x1f\ufffd]/g;

/** Everything a source gives, or an issue when that is more than the limit. The source is closed. */
export async function readAll(
  path: string,
  source: ByteSource,
  limits: InputLimits,
): Promise<{ bytes: Uint8Array; issue?: Issue } | { bytes?: undefined; issue: Issue }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const block = await source.read();
      if (block === undefined) break;
      length += block.length;
      if (length > limits.dumpBytes) {
        const found = 'it is no capture, and longer than a dump may be';
        return {
          issue: limitIssue('dumpBytes', limits, found, 'it is not read', { severity: 'error', path }),
        };
      }
      chunks.push(block.slice());
    }
  } finally {
    source.close();
  }
  const [only] = chunks;
  const bytes = only && chunks.length === 1 ? only : Buffer.concat(chunks);
  return { bytes, ...(source.issue ? { issue: { path, ...source.issue } } : {}) };
}

/** The text with lines that are too long emptied, so that all others keep their numbers. What begins as JSON has one line as a rule. */
export function withoutLongLines(
  path: string,
  text: string,
  limits: InputLimits,
): { text: string; issue?: Issue } {
  const most = limits.lineLength;
  const kept: string[] = [];
  let first: { line: number; length: number } | undefined;
  let passed = 0;
  let lines = 0;
  let from = 0;
  for (let start = 0; start <= text.length; ) {
    const next = text.indexOf('\n', start);
    const end = next < 0 ? text.length : next;
    lines++;
    if (end - start > most && !/^\s{0,64}[[{]/.test(text.slice(start, start + 65))) {
      kept.push(text.slice(from, start));
      from = end;
      passed++;
      first ??= { line: lines, length: end - start };
    }
    start = end + 1;
  }
  if (!first) return { text };
  const found = `the line has ${first.length.toLocaleString('en')} characters`;
  const others = passed > 1 ? ` and ${(passed - 1).toLocaleString('en')} more are` : ' is';
  const issue = limitIssue('lineLength', limits, found, `it${others} passed over`, {
    path,
    line: first.line,
  });
  return { text: kept.join('') + text.slice(from), issue };
}
