import { type Fault, shortOf } from '../header/fault.ts';
import type { Packet } from './packet.ts';

/** One step of dissection: each function reads its header, notes it in the draft, moves the cursor and names the next. */
export type Layer =
  | 'ethernet'
  | 'sll'
  | 'sll2'
  | 'null'
  | 'ppp'
  | 'chdlc'
  | 'frame-relay'
  | 'ieee80211'
  | 'radiotap'
  | 'nflog'
  | 'llc'
  | 'vlan'
  | 'pppoe'
  | 'etag'
  | 'vntag'
  | 'macsec'
  | 'pbb'
  | 'nsh'
  | 'pktap'
  | 'ipoib'
  | 'mpls'
  | 'arp'
  | 'ip'
  | 'ipv4'
  | 'ipv6'
  | 'tcp'
  | 'udp'
  | 'ports'
  | 'icmp'
  | 'icmpv6'
  | 'ipip'
  | 'gre'
  | 'etherip'
  | 'ah'
  | 'mpls-in-ip'
  | 'vxlan'
  | 'geneve'
  | 'gtp'
  | 'teredo'
  | 'dns'
  | 'dns-tcp';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A packet in the making; every field is there from the start, so that all packets have one shape. */
export type Draft = Mutable<Packet> & { inner: Packet[]; vlans: number[] };
export type IpDraft = Mutable<NonNullable<Packet['ip']>>;

/** Headers in one frame; a frame made to waste time would have thousands. */
const MOST_LAYERS = 64;
const MOST_PACKETS = 16;

/** Where the dissection of a frame stands. */
export class Cursor {
  readonly view: DataView;
  /** Offset of the frame in the view. */
  readonly base: number;
  at: number;
  /** Behind the last byte that is there, and behind the last that was on the wire (Infinity: can't be told). */
  end: number;
  wire: number;
  /** The packet being filled; and the one whose `inner` tunnels add to. */
  draft: Draft;
  root: Draft;
  ip: IpDraft | undefined = undefined;
  private layers = 0;
  private packets = 1;

  constructor(view: DataView, base: number, draft: Draft) {
    this.view = view;
    this.base = base;
    this.at = base;
    this.end = Math.min(base + draft.captured, view.byteLength);
    this.wire = base + Math.max(draft.length, draft.captured);
    this.draft = draft;
    this.root = draft;
  }

  /** Are `length` bytes there? If not, and the wire had no more either, that is an error of `layer`. */
  has(layer: string, name: string, length: number): boolean {
    if (this.at + length <= this.end) return true;
    this.fail(layer, shortOf(name, length, this.at, this.end));
    return false;
  }

  /** Ends the packet. What the capture cut off is no error. */
  fail(layer: string, fault: Fault): undefined {
    if (fault.needed > 0 && this.at + fault.needed <= this.wire) return undefined;
    this.error(layer, fault.text);
    return undefined;
  }

  /** Notes what is wrong; the first thing counts. */
  error(layer: string, text: string): undefined {
    this.draft.error ??= { layer, text };
    return undefined;
  }

  /** False when the frame has more headers than any real one. */
  count(): boolean {
    if (++this.layers <= MOST_LAYERS) return true;
    this.error('frame', `more than ${MOST_LAYERS} headers`);
    return false;
  }

  /** Bytes the wire had from here, Infinity when that can't be told. */
  get left(): number {
    return this.wire - this.at;
  }

  /** Goes on in a packet inside the present one. */
  enter(tunnel: Packet['tunnel'], linkType: number): boolean {
    if (++this.packets > MOST_PACKETS) {
      this.error('tunnel', `more than ${MOST_PACKETS} packets inside each other`);
      return false;
    }
    const inner = this.nested(linkType);
    inner.tunnel = tunnel;
    this.root.inner.push(inner);
    this.draft = inner;
    return true;
  }

  /** Goes on in the packet that an ICMP error quotes: how long it was is not to be seen from here. */
  quote(linkType: number): Draft | undefined {
    if (++this.packets > MOST_PACKETS) return undefined;
    this.wire = Number.POSITIVE_INFINITY;
    const quoted = this.nested(linkType);
    this.draft = quoted;
    this.root = quoted;
    return quoted;
  }

  private nested(linkType: number): Draft {
    const { number, seconds, nanoseconds, told } = this.draft;
    const captured = Math.max(0, this.end - this.at);
    const length = Number.isFinite(this.wire) ? Math.max(this.left, captured) : captured;
    this.ip = undefined;
    const nested = draftOf(number, seconds, nanoseconds, length, captured, linkType, undefined);
    nested.told = told;
    return nested;
  }

  /** False: the text that the packet was made from doesn't tell this (`UNSAID`). */
  tells(what: number): boolean {
    return this.draft.told === undefined || (this.draft.told.unsaid & what) === 0;
  }
}

export function draftOf(
  number: number,
  seconds: number,
  nanoseconds: number,
  length: number,
  captured: number,
  linkType: number,
  interfaceName: string | undefined,
): Draft {
  return {
    number,
    seconds,
    nanoseconds,
    length,
    captured,
    linkType,
    interfaceName,
    sllType: undefined,
    interfaceIndex: undefined,
    ether: undefined,
    vlans: [],
    arp: undefined,
    ip: undefined,
    tcp: undefined,
    udp: undefined,
    ports: undefined,
    icmp: undefined,
    dns: undefined,
    tunnel: undefined,
    inner: [],
    error: undefined,
    told: undefined,
  };
}
