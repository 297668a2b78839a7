import type { Span } from '../base/span.ts';
import type { DumpInput } from '../input/input.ts';

/** Formats that show less of the same thing than iproute2, iptables-save and `sysctl -a` do. */
const COARSE = /^(ifconfig|route|netstat|arp|brctl|iptables-l|iptables-list|sysctl-conf)/i;

/**
 * Dumps of each kind, the one to believe last: coarse formats first, then the older, then in the order they were named.
 * Times decide only where every dump of the kind tells its own.
 */
export function byCredibility(dumps: readonly DumpInput[]): DumpInput[] {
  const kinds = new Map<string, DumpInput[]>();
  for (const input of dumps) {
    const key = `${input.dump.content.kind} ${input.namespace}`;
    const group = kinds.get(key);
    if (group) group.push(input);
    else kinds.set(key, [input]);
  }
  return [...kinds.values()].flatMap((group) => {
    const timed = group.every((input) => input.time !== undefined);
    return group
      .map((input, index) => ({ input, index }))
      .sort(
        (a, b) =>
          Number(isCoarse(b.input)) - Number(isCoarse(a.input)) ||
          (timed ? (a.input.time ?? 0) - (b.input.time ?? 0) : 0) ||
          a.index - b.index,
      )
      .map((entry) => entry.input);
  });
}

export function isCoarse(input: DumpInput): boolean {
  return COARSE.test(input.dump.format);
}

/** `file:12`, for the text of an issue that names a second place. */
export function at(span: Span): string {
  return `${span.path} line ${span.line}`;
}
