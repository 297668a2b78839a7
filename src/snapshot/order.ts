import type { Span } from '../base/span.ts';
import type { DumpInput } from '../input/input.ts';

/** Formats that show less of the same thing than iproute2, iptables-save and `sysctl -a` do. */
const COARSE = /^(ifconfig|route|netstat|arp|brctl|iptables-l|iptables-list|sysctl-conf|hosts)/i;

/**
 * Dumps of one kind, the one to believe last: coarse formats first, then the older, then in the order they were named.
 * Times decide only when every dump tells its own.
 */
export function byCredibility<T extends DumpInput>(dumps: readonly T[]): T[] {
  const timed = dumps.every((input) => input.time !== undefined);
  return dumps
    .map((input, index) => ({ input, index, coarse: COARSE.test(input.dump.format) ? 0 : 1 }))
    .sort(
      (a, b) =>
        a.coarse - b.coarse || (timed ? (a.input.time ?? 0) - (b.input.time ?? 0) : 0) || a.index - b.index,
    )
    .map((entry) => entry.input);
}

export function isCoarse(input: DumpInput): boolean {
  return COARSE.test(input.dump.format);
}

/** `file:12`, for the text of an issue that names a second place. */
export function at(span: Span): string {
  return `${span.path} line ${span.line}`;
}
