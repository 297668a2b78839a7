/** `-x`, `-xx`, `-X`, `-XX`: the packet's bytes, without its link-layer header or with it. */

const LINE = /^\s*0x([0-9a-f]{4,6}):(\s+)(.*)$/;
/** tcpdump 3.x printed no offsets. */
const BARE = /^\s+((?:[0-9a-f]{4} ){1,7}(?:[0-9a-f]{4}|[0-9a-f]{2})|[0-9a-f]{4}|[0-9a-f]{2})\s*$/;

export function isHexLine(line: string): boolean {
  return LINE.test(line) || BARE.test(line);
}

/** The bytes of all lines in order; undefined when one is missing or cut: then none can be trusted. */
export function hexBytes(lines: readonly string[]): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const line of lines) {
    const match = LINE.exec(line);
    if (match && Number.parseInt(match[1] ?? '', 16) !== bytes.length) return undefined;
    bytes.push(
      ...lineBytes(match ? (match[3] ?? '') : (BARE.exec(line)?.[1] ?? ''), (match?.[2] ?? '').length > 1),
    );
  }
  return bytes.length > 0 ? Uint8Array.from(bytes) : undefined;
}

/** Eight groups of two bytes; behind them, two blanks apart, the same as text, which may look like a group. */
function lineBytes(text: string, columns: boolean): number[] {
  const area = columns ? text.slice(0, 40).split('  ')[0] : text;
  const bytes: number[] = [];
  for (const group of (area ?? '').trim().split(/\s+/).slice(0, 8)) {
    if (!/^(?:[0-9a-f]{2}){1,2}$/.test(group)) break;
    bytes.push(Number.parseInt(group.slice(0, 2), 16));
    if (group.length === 4) bytes.push(Number.parseInt(group.slice(2), 16));
    else break;
  }
  return bytes;
}

/** Is this the network layer on, an IP packet whose own addresses are those of `said` (its bytes as far as the words go)? */
export function isSamePacket(bytes: Uint8Array, offset: number, said: Uint8Array | undefined): boolean {
  const version = (bytes[offset] ?? 0) >> 4;
  if (version !== 4 && version !== 6) return false;
  const [from, to] = version === 4 ? [12, 20] : [8, 40];
  if (bytes.length < offset + (version === 4 ? 20 : 40)) return false;
  if (!said) return version === 4 ? (bytes[offset] ?? 0) % 16 >= 5 : true;
  if ((said[0] ?? 0) >> 4 !== version) return false;
  for (let at = from; at < to; at++) if (bytes[offset + at] !== said[at]) return false;
  return true;
}
