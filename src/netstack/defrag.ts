/** nf_ct_ipv4_gather_frags(), net/ipv4/netfilter/nf_defrag_ipv4.c, over ip_frag_queue(); and ip_fragment(). */
import { viewOf } from '../base/bytes.ts';
import { limitText } from '../base/limits.ts';
import { fieldsOf } from '../skb/fields.ts';
import { refreshLayout } from '../skb/layout.ts';
import { sealChecksums } from '../skb/rewrite.ts';
import type { Skb } from '../skb/skb.ts';
import { EXTENSION, findHeader, isFound } from '../xtables/ipv6.ts';
import type { OptionFault } from './ipv6-options.ts';
import { addStep, type Copy, endCopy, type Run } from './run.ts';

/** True: whole now, or never was cut. False: kept until the rest arrives. */
export function defragment(run: Run, copy: Copy): boolean {
  const { skb, net } = copy;
  if (!skb.moreFragments && skb.fragmentOffset === 0) return true;
  // nf_ct_frag6_gather() leaves what it doesn't understand to whom it may concern.
  if (skb.family === 6 && fragmentFault(skb)) return true;
  const { start, end } = payloadOf(skb);
  const parts = net.fragments.add(fragmentKey(skb), skb, end - start);
  const lost = net.fragments.trim();
  if (lost > 0) {
    const found = `${net.name}: more fragments wait for the rest of their packets than are kept`;
    const text = limitText('fragments', net.limits, found, 'those that waited longest are given up');
    run.assumptions.add(text);
    addStep(run, copy, { kind: 'unknown', text, why: text });
  }
  if (!parts) {
    endCopy(run, copy, { verdict: 'consumed' });
    return false;
  }
  const whole = join(parts);
  whole.time = skb.time;
  whole.mark = skb.mark;
  copy.skb = Object.assign(skb, {
    ...whole,
    in: skb.in,
    out: skb.out,
    physin: skb.physin,
    physout: skb.physout,
  });
  return true;
}

/** ip6_frag_queue(): a fragment of IPv6 that can't be joined, and what its sender is told (ICMPv6 4). */
export function fragmentFault(skb: Skb): OptionFault | undefined {
  if (isTruncatedFirst(skb)) {
    return { text: 'a first fragment without its upper header', problem: { code: 3, pointer: 0 } };
  }
  const header = fragmentHeader6(skb);
  if (!header) return undefined;
  const end = skb.fragmentOffset + skb.length - header.at - 8;
  if (end > MOST)
    return { text: 'a fragment beyond 65,535 bytes', problem: { code: 0, pointer: header.at + 2 } };
  return skb.moreFragments && end % 8 !== 0
    ? { text: 'a fragment cut elsewhere than at eight bytes', problem: { code: 0, pointer: PAYLOAD_LENGTH } }
    : undefined;
}

/** IPV6_MAXPLEN */
const MOST = 65535;
/** Where the IPv6 header says how much follows it. */
const PAYLOAD_LENGTH = 4;

/** ipv6frag_thdr_truncated(), RFC 8200 section 4.5 */
function isTruncatedFirst(skb: Skb): boolean {
  if (skb.fragmentOffset > 0) return false;
  const found = findHeader(skb);
  if (!isFound(found) || found.protocol === EXTENSION.none) return false;
  const least = { 6: 20, 17: 8, 58: 8 }[found.protocol] ?? 1;
  return found.offset + least > skb.length;
}

function fragmentKey(skb: Skb): string {
  const { source, destination } = fieldsOf(skb);
  const view = viewOf(skb.bytes);
  const id = skb.family === 4 ? view.getUint16(4) : fragmentId6(skb);
  const protocol = skb.family === 4 ? skb.protocol : '';
  return `${skb.family} ${source} ${destination} ${id} ${protocol}`;
}

const FRAGMENT_HEADER = 44;

/** Where the IPv6 fragment header is, and the offset of the "next header" byte that names it. */
function fragmentHeader6(skb: Skb): { at: number; pointer: number } | undefined {
  const { bytes } = skb;
  let pointer = 6;
  let at = 40;
  for (let i = 0; i < 8; i++) {
    const next = bytes[pointer];
    if (next === FRAGMENT_HEADER) return at + 8 <= bytes.length ? { at, pointer } : undefined;
    if (next !== 0 && next !== 43 && next !== 60) return undefined;
    pointer = at;
    at += ((bytes[at + 1] ?? 0) + 1) * 8;
  }
  return undefined;
}

function fragmentId6(skb: Skb): number {
  const header = fragmentHeader6(skb);
  return header ? viewOf(skb.bytes).getUint32(header.at + 4) : 0;
}

function payloadOf(skb: Skb): { start: number; end: number } {
  const end = Math.min(skb.bytes.length, skb.length);
  if (skb.family === 4) return { start: ((skb.bytes[0] ?? 0) & 15) * 4, end };
  const header = fragmentHeader6(skb);
  return { start: header ? header.at + 8 : 40, end };
}

/** The datagram, with the first one's header. `parts`: all of its fragments in order. */
function join(parts: readonly Skb[]): Skb {
  const [first] = parts as readonly [Skb];
  const pieces = parts.map((part) => {
    const { start, end } = payloadOf(part);
    return part.bytes.subarray(start, end);
  });
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const head = headWithoutFragment(first);
  const bytes = new Uint8Array(head.length + total);
  bytes.set(head);
  let offset = head.length;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  const view = viewOf(bytes);
  if (first.family === 4) {
    view.setUint16(2, bytes.length);
    view.setUint16(6, view.getUint16(6) & 0x4000);
  } else view.setUint16(4, bytes.length - 40);
  const longest = Math.max(...parts.map((part) => part.length));
  const sizes = pieces.map((piece) => piece.length);
  const whole: Skb = { ...first, bytes, fragmentMax: longest, fragmentSizes: sizes };
  refreshLayout(whole);
  if (first.family === 4) sealHeader(whole);
  return whole;
}

function sealHeader(skb: Skb): void {
  const header = { ...skb, transport: -1 };
  sealChecksums(header);
}

function headWithoutFragment(first: Skb): Uint8Array {
  const { start } = payloadOf(first);
  if (first.family === 4) return first.bytes.slice(0, start);
  const header = fragmentHeader6(first);
  if (!header) return first.bytes.slice(0, start);
  const head = new Uint8Array(start - 8);
  head.set(first.bytes.subarray(0, header.at));
  head[header.pointer] = first.bytes[header.at] ?? 59;
  return head;
}

/**
 * ip_fragment() and ip6_fragment(): what was joined on the way, or is too long and may be cut, leaves in pieces. Trains of
 * segments that offloading joined are no datagrams and stay whole: TCP may be one, but not where it is no longer than `came`, the MTU
 * of the device that it came in by.
 */
export function fragmentsOf(skb: Skb, mtu: number, came = 0): Skb[] {
  const limit = skb.fragmentMax === undefined ? mtu : Math.min(skb.fragmentMax, mtu);
  const view = viewOf(skb.bytes);
  const mayCut =
    skb.fragmentMax !== undefined ||
    (skb.family === 4 && (skb.protocol !== 6 || skb.length <= came) && (view.getUint16(6) & 0x4000) === 0);
  if (!mayCut || skb.length <= limit || skb.bytes.length < skb.length) return [skb];
  return skb.family === 4 ? cut4(skb, limit) : cut6(skb, limit);
}

function cut4(skb: Skb, limit: number): Skb[] {
  const header = ((skb.bytes[0] ?? 0) & 15) * 4;
  const base = skb.fragmentOffset;
  return pieces(skb, header, limit - header).map(({ from, to, last }) => {
    const bytes = new Uint8Array(header + to - from);
    bytes.set(skb.bytes.subarray(0, header));
    bytes.set(skb.bytes.subarray(from, to), header);
    const view = viewOf(bytes);
    view.setUint16(2, bytes.length);
    const more = !last || skb.moreFragments;
    view.setUint16(6, (more ? 0x2000 : 0) | ((base + from - header) / 8));
    const piece: Skb = { ...skb, bytes, fragmentMax: undefined, fragmentSizes: undefined };
    refreshLayout(piece);
    sealHeader(piece);
    return piece;
  });
}

function cut6(skb: Skb, limit: number): Skb[] {
  // The fragment header stands behind the headers that every router looks at; only hop-by-hop and routing come before it.
  let pointer = 6;
  let header = 40;
  for (let next = skb.bytes[pointer]; next === 0 || next === 43; next = skb.bytes[pointer]) {
    pointer = header;
    header += ((skb.bytes[header + 1] ?? 0) + 1) * 8;
  }
  return pieces(skb, header, Math.max(limit, IPV6_MIN_MTU) - header - 8).map(({ from, to, last }) => {
    const bytes = new Uint8Array(header + 8 + to - from);
    bytes.set(skb.bytes.subarray(0, header));
    bytes[header] = skb.bytes[pointer] ?? 59;
    bytes[pointer] = FRAGMENT_HEADER;
    const view = viewOf(bytes);
    view.setUint16(4, bytes.length - 40);
    view.setUint16(header + 2, (from - header) | (last ? 0 : 1));
    bytes.set(skb.bytes.subarray(from, to), header + 8);
    const piece: Skb = { ...skb, bytes, fragmentMax: undefined, fragmentSizes: undefined };
    refreshLayout(piece);
    return piece;
  });
}

/** RFC 8200: what every link carries; smaller pieces than that are not made. */
const IPV6_MIN_MTU = 1280;

/** ip_do_fragment(): the pieces that it came in, or those of ip_frag_next(), cut at eight bytes where another follows. */
function pieces(skb: Skb, header: number, room: number): { from: number; to: number; last: boolean }[] {
  const size = Math.max(8, Math.floor(room / 8) * 8);
  const own = sizesFitting(skb, header, room);
  const cuts = [];
  for (let from = header, i = 0; from < skb.length; i++) {
    const left = skb.length - from;
    const to = from + (own?.[i] ?? (left <= room ? left : size));
    cuts.push({ from, to, last: to === skb.length });
    from = to;
  }
  return cuts;
}

function sizesFitting(
  { fragmentSizes, length }: Skb,
  header: number,
  room: number,
): readonly number[] | undefined {
  if (!fragmentSizes) return undefined;
  const total = fragmentSizes.reduce((sum, size) => sum + size, 0);
  const fits = fragmentSizes.every(
    (size, i) => size > 0 && size <= room && (size % 8 === 0 || i === fragmentSizes.length - 1),
  );
  return fits && total === length - header ? fragmentSizes : undefined;
}
