/** What tcpdump says around its packets: where it listens, and at the end what it lost. */
import { wordTable } from '../base/word-table.ts';
export interface Banner {
  /** Names of interfaces; `any` is none. */
  readonly interfaceName?: string;
  readonly linkType?: number;
  readonly snaplen?: number;
  readonly captured?: number;
  readonly dropped?: number;
}

const LINK_TYPES = wordTable<number>({
  ...{
    EN10MB: 1,
    LINUX_SLL: 113,
    LINUX_SLL2: 276,
    RAW: 101,
    NULL: 0,
    LOOP: 108,
    PPP: 9,
    IPV4: 228,
    IPV6: 229,
  },
  ...{ IEEE802_11: 105, IEEE802_11_RADIO: 127, C_HDLC: 104, FRELAY: 107, PPP_ETHER: 51 },
});
const LISTENING =
  /^(?:tcpdump: )?listening on ([^\s,]+), link-type (\w+)(?: \([^)]*\))?(?:, (?:capture size|snapshot length|snaplen) (\d+))?/;
const FILE =
  /^(?:tcpdump: )?reading from file (.+?), link-type (\w+)(?: \([^)]*\))?(?:, (?:capture size|snapshot length|snaplen) (\d+))?/;
const OLD = /^(?:tcpdump: )?listening on (\S+)$/;
const CAPTURED = /^(\d+) packets? captured\b/;
const DROPPED = /^(\d+) packets? dropped by (?:kernel|interface)\b/;
const OTHER =
  /^(?:\d+ packets? received by filter|tcpdump: |dropped privs to |Warning: |\[Interrupted\]|Got \d+$|\.\.\.|…|\^[CZ\\]$|verbose output suppressed|use -v\[v\])/;

/** Undefined: the line is none of tcpdump's own. */
export function bannerOf(line: string): Banner | undefined {
  const text = line.trim();
  const listening = LISTENING.exec(text) ?? FILE.exec(text);
  if (listening) {
    const [, name = '', type = '', snaplen] = listening;
    const linkType = LINK_TYPES[type];
    const isDevice = LISTENING.test(text) && name !== 'any';
    return {
      ...(isDevice && { interfaceName: name }),
      ...(linkType !== undefined && { linkType }),
      ...(snaplen !== undefined && { snaplen: Number(snaplen) }),
    };
  }
  const old = OLD.exec(text);
  if (old) return old[1] === 'any' || old[1] === undefined ? {} : { interfaceName: old[1] };
  const captured = CAPTURED.exec(text);
  if (captured) return { captured: Number(captured[1]) };
  const dropped = DROPPED.exec(text);
  if (dropped) return { dropped: Number(dropped[1]) };
  return OTHER.test(text) ? {} : undefined;
}
