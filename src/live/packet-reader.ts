/** Of a frame its conversation, side and what tells it from others, in numbers: as the analysis tells flows apart. */
import { setUint128, viewOf } from '../base/bytes.ts';
import { FrameColumns } from '../capture/columns.ts';
import type { Frame } from '../capture/frame.ts';
import { isNoise } from '../correlate/conversation.ts';
import type { FlowEnd } from '../correlate/flow.ts';
import { isForAll, isOverlay, tunnelName } from '../correlate/overlay.ts';
import { endsOf } from '../correlate/sighting.ts';
import type { Ip } from '../net/ip.ts';
import { hasPorts } from '../net/protocol.ts';
import { dissect } from '../packet/dissect.ts';
import type { Packet } from '../packet/packet.ts';
import { AddressTable } from '../scan/addresses.ts';
import { PlainDecoder } from '../scan/plain.ts';
import { Batch, kindOf, MARK, ROW, ROW_WORDS } from '../scan/row.ts';
import type { Counted } from './conversation-counts.ts';

export interface Reading extends Counted {
  /** Index of the interface that a cooked frame names; 0: none. */
  device: number;
  /** What it came in: `vxlan 42`. */
  tunnel: string | undefined;
  /** Of what NAT leaves alone of a conversation's first packet; undefined: of a connection's middle. */
  print: number | undefined;
}

const TCP = 6;
const SYN = 2;
const ACK = 16;
/** Bytes of a datagram that tell it from others. */
const TELLING = 12;
const LINKTYPE_SLL2 = 276;
/** First fragments whose ports are remembered for those that follow. */
const MOST_FRAGMENTS = 1000;

export class PacketReader {
  readonly #decoder = new PlainDecoder(undefined, new AddressTable());
  readonly #batch = new Batch(new Uint32Array(ROW_WORDS));
  readonly #columns = new FrameColumns({
    offset: new Int32Array(1),
    captured: new Int32Array(1),
    length: new Uint32Array(1),
    seconds: new Float64Array(1),
    nanoseconds: new Int32Array(1),
  });
  /** What `onPacket` is called with, again and again. */
  readonly #reading: Reading = {
    ...{ low: 0, high: 0, ports: 0, kind: 0, side: 0, time: 0, ttl: 0, mark: 0 },
    ...{ device: 0, tunnel: undefined, print: undefined },
  };
  readonly #fragments = new Map<string, { readonly source: FlowEnd; readonly destination: FlowEnd }>();
  readonly #scratch = new DataView(new ArrayBuffer(16));

  /** IPv6 addresses that it has numbered. */
  get addresses(): number {
    return this.#decoder.addresses.size;
  }

  /** `onPacket`: told of the packet, and of those in tunnels inside it; not of what belongs to no flow of its own. */
  read(point: number, frame: Frame, onPacket: (reading: Reading) => void): void {
    if (this.#readPlain(frame)) {
      onPacket(this.#reading);
      return;
    }
    const packet = dissect(frame);
    if (this.#readOdd(point, packet, frame, packet.interfaceIndex ?? 0, undefined)) onPacket(this.#reading);
    for (const inner of packet.inner) {
      if (!inner.ip || !isOverlay(inner) || isForAll(inner)) continue;
      if (this.#readOdd(point, inner, frame, packet.interfaceIndex ?? 0, tunnelName(inner)))
        onPacket(this.#reading);
    }
  }

  /** Both directions have one key; side 0: `from` is its lower end. */
  keyOf(
    protocol: number,
    from: FlowEnd,
    to: FlowEnd,
  ): Pick<Counted, 'low' | 'high' | 'ports' | 'kind' | 'side'> {
    const source = this.#word(from.address);
    const destination = this.#word(to.address);
    const [left, right] = hasPorts(protocol) ? [from.port, to.port] : [0, 0];
    const isLow = source < destination || (source === destination && left <= right);
    const kind = kindOf(protocol, typeof from.address !== 'number', 0);
    return isLow
      ? { low: source, high: destination, ports: ((left << 16) | right) >>> 0, kind, side: 0 }
      : { low: destination, high: source, ports: ((right << 16) | left) >>> 0, kind, side: 1 };
  }

  #readPlain(frame: Frame): boolean {
    const columns = this.#columns;
    const batch = this.#batch;
    const offset = frame.view ? (frame.offset ?? 0) : 0;
    const view = frame.view ?? viewOf(frame.bytes);
    columns.view = view;
    columns.offset[0] = offset;
    columns.captured[0] = frame.captured;
    columns.length[0] = frame.length;
    columns.seconds[0] = frame.seconds;
    columns.nanoseconds[0] = frame.nanoseconds;
    columns.linkType = frame.linkType;
    batch.count = 0;
    if (!this.#decoder.one(columns, 0, 0, batch)) return false;
    const { words } = batch;
    const kind = words[ROW.kind] as number;
    const bits = words[ROW.bits] as number;
    const protocol = kind & 255;
    const reading = this.#reading;
    const sequence = protocol === TCP ? (words[ROW.sequence] as number) : 0;
    reading.low = words[ROW.low] as number;
    reading.high = words[ROW.high] as number;
    reading.ports = hasPorts(protocol) ? (words[ROW.ports] as number) : 0;
    reading.kind = kind;
    reading.side = ((bits >>> 16) & MARK.high) === 0 ? 0 : 1;
    reading.time = batch.doubles[ROW.time >> 1] as number;
    reading.ttl = (bits >>> 8) & 255;
    reading.mark = markOf(words[ROW.id] as number, sequence, words[ROW.payload] as number);
    reading.print =
      protocol === TCP
        ? openingOf(bits & 255, sequence, words[ROW.acknowledgement] as number)
        : digest(view, words[ROW.at] as number, words[ROW.end] as number, words[ROW.payload] as number);
    reading.device = frame.linkType === LINKTYPE_SLL2 ? view.getUint32(offset + 4) : 0;
    reading.tunnel = undefined;
    return true;
  }

  /** As the analysis does with what isn't plain. */
  #readOdd(point: number, packet: Packet, frame: Frame, device: number, tunnel: string | undefined): boolean {
    const { ip, tcp } = packet;
    if (!ip || packet.icmp?.quoted || isNoise(packet)) return false;
    const fragment =
      ip.fragmentOffset > 0 || ip.moreFragments
        ? `${point} ${device} ${tunnel} ${ip.source} ${ip.destination} ${ip.protocol} ${ip.id}`
        : '';
    const ends = ip.fragmentOffset > 0 ? this.#fragments.get(fragment) : endsOf(packet);
    if (!ends) return false;
    if (ip.moreFragments && ip.fragmentOffset === 0) this.#remember(fragment, ends);
    const { id = 0, fragmentOffset, length } = ip;
    Object.assign(this.#reading, this.keyOf(ip.protocol, ends.source, ends.destination), {
      time: packet.seconds + packet.nanoseconds / 1e9,
      ttl: ip.ttl ?? 0,
      mark: markOf(id ^ ((packet.icmp?.sequence ?? 0) << 16), tcp?.sequence ?? fragmentOffset, length),
      print: tcp
        ? openingOf(tcp.flags, tcp.sequence, tcp.acknowledgement)
        : digest(viewOf(frame.bytes), ip.transport + 8, frame.captured, ip.payload),
      device,
      tunnel,
    });
    return true;
  }

  #word(address: Ip): number {
    if (typeof address === 'number') return address;
    setUint128(this.#scratch, 0, address);
    return this.#decoder.addresses.number(this.#scratch, 0);
  }

  #remember(fragment: string, ends: { source: FlowEnd; destination: FlowEnd }): void {
    this.#fragments.delete(fragment);
    this.#fragments.set(fragment, ends);
    const [oldest] = this.#fragments.keys();
    if (this.#fragments.size > MOST_FRAGMENTS && oldest !== undefined) this.#fragments.delete(oldest);
  }
}

function markOf(id: number, sequence: number, length: number): number {
  return (Math.imul(id ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b) ^ length) | 0;
}

/** The initial sequence number, which the answer to it acknowledges. */
function openingOf(flags: number, sequence: number, acknowledgement: number): number | undefined {
  if ((flags & SYN) === 0) return undefined;
  return (flags & ACK) === 0 ? sequence | 0 : (acknowledgement - 1) | 0;
}

/** FNV-1a. The length of what it carries, and its first bytes: DNS has the question's number there, ping the time. */
function digest(view: DataView, from: number, end: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  const to = Math.min(from + TELLING, end, view.byteLength);
  for (let at = Math.max(0, from); at < to; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return hash;
}
