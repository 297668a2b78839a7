/** The lines of a text by the packets they belong to. */
import { type Banner, bannerOf } from './banner.ts';
import { isHexLine } from './hex.ts';
import { type Stamp, stampOf } from './stamp.ts';

export interface TextLine {
  readonly number: number;
  readonly text: string;
}

export interface PacketText {
  readonly line: number;
  readonly stamp?: Stamp;
  /** Without number and time. */
  readonly text: string;
  /** Lines that follow, without those of a hex dump. */
  readonly more: readonly TextLine[];
  readonly hex: readonly string[];
}

export interface Grouped {
  readonly packets: readonly PacketText[];
  readonly banners: readonly Banner[];
  /** Lines before the first packet that are nothing tcpdump prints, and those below packets whose first line is missing. */
  readonly strange: readonly TextLine[];
}

const NUMBER =
  /^\s*\d{1,7}\s+(?=\d{2}:\d{2}:\d{2}\.|\d{4}-\d\d-\d\d[ T]|\d{9,10}\.\d{3}|IP6? |ARP, |[0-9a-f]{2}(?::[0-9a-f]{2}){5} > )/;
/** As `tcpdump -#` prints it, which nothing else does before a time: at least five columns, and two blanks. */
const COUNTED = /^(?=[ \d]{5,7} {2}\S) *\d{1,7} {2}/;
const MAC = '(?:[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}|Broadcast)(?: \\(oui [^)]*\\))?';
/** How a packet begins behind its time. */
const HEAD = new RegExp(
  `^(?:(?:\\S{1,16}\\s+)?(?:In|Out|B|M|P)\\s+)?(?:ip: )?(?:IP6? [^,]*(?:>|&gt;) |(?:\\d{1,3}\\.){3}\\d{1,3}(?:\\.[\\w-]+)? > \\S+: |IP6? \\(|IP6? truncated-ip|IP6? bad-|IP6? +\\[|IP\\d+ |ARP, |arp (?:who-has|reply)|(?:ifindex \\d+ )?(?:${MAC} )?(?:ethertype |802\\.2, )|AF \\w+ \\(|${MAC} > ${MAC}, |${MAC} ${MAC} (?:ip6?|arp|rarp|[0-9a-f]{4}) \\d+: )`,
);
/** Packets of other kinds, known by their first word. */
const OTHERS =
  /^(?:STP |LLDP|EAPOL|EAP packet|CDPv\d|LLC, |IS-IS, |LACPv\d|MPLS \(|PPPoE |RARP|Slow |UDLDv\d|LOOPBACK|802\.[123]|ARP |Loopback, |PPP)/;

/** Of a block that was set in from the margin; one blank before a time means a difference. */
const INDENT = /^\s{2,}(?=(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3,9} )/;

/** The line without the marks of quoting and interruption that a paste has before it. */
function own(line: string): string {
  return line
    .replace(/^(?:\s*(?:>|&gt;) (?=\S))+/, '')
    .replace(/^(?:\^[CZ])+/, '')
    .replace(INDENT, '')
    .replace(/&gt;/g, '>')
    .replace(/\u00a0/g, ' ');
}

export interface Begun {
  readonly stamp?: Stamp;
  readonly text: string;
  /** It begins as nothing but a packet does. */
  readonly sure: boolean;
}

/** What a line begins with when it is a packet's first; `stampless`: of a capture with `-t`, where no time tells it. */
export function beginning(raw: string, stampless: boolean): Begun | undefined {
  const line = own(raw);
  const direct = stampOf(line);
  const numbered = direct ? undefined : NUMBER.exec(line);
  const rest = numbered ? line.slice(numbered[0].length) : line;
  const stamped = direct ?? stampOf(rest);
  // tcpdump prints a fraction of the second; a log that doesn't is none of its.
  if (stamped && (stamped.stamp.kind !== 'clock' || /^ ?\d+:\d\d:\d\d[.,]\d/.test(rest))) {
    const text = rest.slice(stamped.length);
    return { stamp: stamped.stamp, text, sure: COUNTED.test(line) || HEAD.test(text) };
  }
  if (stamped && HEAD.test(rest.slice(stamped.length)))
    return { stamp: stamped.stamp, text: rest.slice(stamped.length), sure: true };
  if (!stampless) return undefined;
  if (HEAD.test(rest)) return { text: rest, sure: true };
  return OTHERS.test(rest) ? { text: rest, sure: false } : undefined;
}

/** With `-t`, a packet inside another begins like one of its own; the line of a tunnel says that one follows. */
const TUNNEL = /\b(?:VXLAN, flags|OTV, flags|Geneve, Flags|GREv0, )/;

/** With `-v`, the ends of each IP header stand on a line of their own below it. */
const HEADER = /\bIP6? \(/g;
const ENDS = /^ {4}[\da-fA-F.:]{2,}(?:\.[\w-]+)? > [\da-fA-F.:]{2,}(?:\.[\w-]+)?: /;

function headersOf(text: string): number {
  return text.match(HEADER)?.length ?? 0;
}

export function group(lines: readonly TextLine[]): Grouped {
  const stampless = !lines.some(({ text }) => beginning(text, false)?.sure);
  const packets: (PacketText & { more: TextLine[]; hex: string[] })[] = [];
  const banners: Banner[] = [];
  const strange: TextLine[] = [];
  /** Headers of the last packet whose ends are still to come, if it has such; below 0: what comes is another packet's. */
  let awaited = 0;
  for (const line of lines) {
    const text = own(line.text);
    const last = packets.at(-1);
    const begun = beginning(line.text, stampless);
    const inside = begun !== undefined && stampless && last !== undefined && isInside(last);
    if (begun && !inside) {
      const { stamp } = begun;
      packets.push({ line: line.number, text: begun.text, more: [], hex: [], ...(stamp && { stamp }) });
      awaited = headersOf(begun.text) || Number.POSITIVE_INFINITY;
      continue;
    }
    const banner = bannerOf(text);
    if (banner) banners.push(banner);
    else if (text.trim() === '') continue;
    else if (!last || awaited < 0) strange.push(line);
    else if (ENDS.test(text) && --awaited < 0) strange.push(line);
    else if (isHexLine(text)) last.hex.push(text);
    else {
      last.more.push({ number: line.number, text });
      awaited += headersOf(text);
    }
  }
  return { packets, banners, strange };
}

function isInside({ text, more }: PacketText): boolean {
  const whole = [text, ...more.map((line) => line.text)].join('\n');
  if (!TUNNEL.test(whole)) return false;
  // A second packet is not inside too.
  return (
    !/\n(?:IP6? |ARP, )/.test(whole) && !/\b(?:VXLAN|OTV|Geneve|GREv0)[^\n]*: (?:IP6? |ARP, )/.test(whole)
  );
}
