import type { Issue } from '../base/issue.ts';
import type { ByteSource } from '../capture/source.ts';
import { formatBytes } from './limits.ts';

/** Text of a dump: UTF-8, or UTF-16 by its byte order mark. Undefined when it is no text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  const text = new TextDecoder(encoding).decode(bytes);
  return looksLikeText(text.slice(0, 65536)) ? text : undefined;
}

/** Escape sequences and a stray byte are fine (`script` output); NULs and many undecodable bytes are not. */
function looksLikeText(sample: string): boolean {
  if (sample.includes('\0')) return false;
  const odd = sample.match(/[\u0001-\u0007\u000e-\u001a\u001c-\u001f\ufffd]/g)?.length ?? 0;
  return odd <= sample.length / 50;
}

/** Everything a source gives, or an issue when that is more than the limit. The source is closed. */
export async function readAll(
  path: string,
  source: ByteSource,
  limit: number,
): Promise<{ bytes: Uint8Array; issue?: Issue } | { bytes?: undefined; issue: Issue }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const block = await source.read();
      if (block === undefined) break;
      length += block.length;
      if (length > limit) {
        const text = `no capture, and longer than the ${formatBytes(limit)} that a dump may have; not read`;
        return { issue: { severity: 'error', code: 'dump-too-long', text, path } };
      }
      chunks.push(block.slice());
    }
  } finally {
    source.close();
  }
  return { bytes: Buffer.concat(chunks), ...(source.issue ? { issue: { path, ...source.issue } } : {}) };
}
