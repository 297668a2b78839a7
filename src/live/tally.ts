/** Packets as they come, counted by conversation and place: what is asked of a flow between two analyses, and before the last seconds. */
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
import { ConversationCounts, type Counted, type CountsOptions } from './conversation-counts.ts';

/** A flow's ends as one place sees them. */
export interface Face {
  readonly protocol: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
}

/** Where a conversation's packets were seen, by whether its client sent them. */
export interface SeenAt {
  readonly place: number;
  readonly forward: number;
  readonly reply: number;
}

export interface SeenConversation {
  /** Another one than before: what was counted then was forgotten. */
  readonly serial: number;
  /** Epoch seconds. */
  readonly last: number;
  readonly at: readonly SeenAt[];
}

const LINKTYPE_SLL2 = 276;
/** IPv6 addresses that are numbered; beyond, all begins anew. */
const MOST_ADDRESSES = 1 << 16;
/** First fragments whose ports are remembered for those that follow. */
const MOST_FRAGMENTS = 1000;

export class Tally {
  readonly #options: CountsOptions;
  #counts: ConversationCounts;
  #decoder = new PlainDecoder(undefined);
  readonly #batch = new Batch(new Uint32Array(ROW_WORDS));
  readonly #columns = new FrameColumns({
    offset: new Int32Array(1),
    captured: new Int32Array(1),
    length: new Uint32Array(1),
    seconds: new Float64Array(1),
    nanoseconds: new Int32Array(1),
  });
  readonly #packet: Counted = { low: 0, high: 0, ports: 0, kind: 0, side: 0, time: 0, ttl: 0, mark: 0 };
  readonly #places = new Map<string | number, number>();
  readonly #fragments = new Map<string, { readonly source: FlowEnd; readonly destination: FlowEnd }>();
  readonly #scratch = new DataView(new ArrayBuffer(16));

  constructor(options: CountsOptions = {}) {
    this.#options = options;
    this.#counts = new ConversationCounts(options);
  }

  /** Conversations that it knows. */
  get size(): number {
    return this.#counts.count;
  }

  /** `point`: the number of a capture point, which may be of several devices. */
  add(point: number, frame: Frame): void {
    if (this.#decoder.addresses.size > MOST_ADDRESSES) this.#beginAnew();
    if (this.#addPlain(point, frame)) return;
    const packet = dissect(frame);
    const { interfaceIndex = 0 } = packet;
    this.#addPacket(packet, this.#place(deviceOf(point, interfaceIndex)));
    for (const inner of packet.inner)
      if (inner.ip && isOverlay(inner) && !isForAll(inner))
        this.#addPacket(inner, this.#place(`${point} ${interfaceIndex} ${tunnelName(inner)}`));
  }

  find({ protocol, client, server }: Face): SeenConversation | undefined {
    const { low, high, ports, side } = this.#ordered(client, server, hasPorts(protocol));
    const kind = kindOf(protocol, typeof client.address !== 'number', 0);
    const conversation = this.#counts.find({ low, high, ports, kind });
    if (conversation < 0) return undefined;
    return {
      serial: this.#counts.serial(conversation),
      last: this.#counts.last(conversation),
      at: this.#counts
        .at(conversation)
        .map(({ place, low: fromLow, high: fromHigh }) =>
          side === 0
            ? { place, forward: fromLow, reply: fromHigh }
            : { place, forward: fromHigh, reply: fromLow },
        ),
    };
  }

  #addPlain(point: number, frame: Frame): boolean {
    const columns = this.#columns;
    const batch = this.#batch;
    columns.view = frame.view ?? viewOf(frame.bytes);
    columns.offset[0] = frame.view ? (frame.offset ?? 0) : 0;
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
    const isTcp = protocol === 6;
    const packet = this.#packet;
    packet.low = words[ROW.low] as number;
    packet.high = words[ROW.high] as number;
    packet.ports = hasPorts(protocol) ? (words[ROW.ports] as number) : 0;
    packet.kind = kind;
    packet.side = ((bits >>> 16) & MARK.high) === 0 ? 0 : 1;
    packet.time = batch.doubles[ROW.time >> 1] as number;
    packet.ttl = (bits >>> 8) & 255;
    packet.mark = markOf(
      words[ROW.id] as number,
      isTcp ? (words[ROW.sequence] as number) : 0,
      words[ROW.wire] as number,
    );
    const index =
      frame.linkType === LINKTYPE_SLL2 ? columns.view.getUint32((columns.offset[0] as number) + 4) : 0;
    this.#counts.add(packet, this.#place(deviceOf(point, index)));
    return true;
  }

  /** As the analysis does with what isn't plain. */
  #addPacket(packet: Packet, place: number): void {
    const { ip } = packet;
    if (!ip || packet.icmp?.quoted || isNoise(packet)) return;
    const ends = ip.fragmentOffset > 0 ? this.#fragments.get(fragmentOf(place, packet)) : endsOf(packet);
    if (!ends) return;
    if (ip.moreFragments && ip.fragmentOffset === 0) this.#remember(fragmentOf(place, packet), ends);
    const { low, high, ports, side } = this.#ordered(ends.source, ends.destination, hasPorts(ip.protocol));
    this.#counts.add(
      {
        low,
        high,
        ports,
        side,
        kind: kindOf(ip.protocol, ip.family === 6, 0),
        time: packet.seconds + packet.nanoseconds / 1e9,
        ttl: ip.ttl ?? 0,
        mark: markOf(
          (ip.id ?? 0) ^ ((packet.icmp?.sequence ?? 0) << 16),
          packet.tcp?.sequence ?? ip.fragmentOffset,
          ip.length ?? 0,
        ),
      },
      place,
    );
  }

  /** Both directions have one key; side 0: `from` is its lower end. */
  #ordered(from: FlowEnd, to: FlowEnd, withPorts: boolean) {
    const source = this.#word(from.address);
    const destination = this.#word(to.address);
    const [left, right] = withPorts ? [from.port, to.port] : [0, 0];
    const isLow = source < destination || (source === destination && left <= right);
    return isLow
      ? { low: source, high: destination, ports: ((left << 16) | right) >>> 0, side: 0 as const }
      : { low: destination, high: source, ports: ((right << 16) | left) >>> 0, side: 1 as const };
  }

  #word(address: Ip): number {
    if (typeof address === 'number') return address;
    setUint128(this.#scratch, 0, address);
    return this.#decoder.addresses.number(this.#scratch, 0);
  }

  #place(name: string | number): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(name, place);
    return place;
  }

  #remember(fragment: string, ends: { source: FlowEnd; destination: FlowEnd }): void {
    this.#fragments.delete(fragment);
    this.#fragments.set(fragment, ends);
    const [oldest] = this.#fragments.keys();
    if (this.#fragments.size > MOST_FRAGMENTS && oldest !== undefined) this.#fragments.delete(oldest);
  }

  #beginAnew(): void {
    this.#options.onForget?.();
    this.#decoder = new PlainDecoder(undefined, new AddressTable());
    this.#counts = new ConversationCounts(this.#options, this.#counts.begun);
  }
}

/** Of a point at several devices one. */
function deviceOf(point: number, index: number): number {
  return point * 2 ** 32 + index;
}

function fragmentOf(place: number, { ip }: Packet): string {
  return `${place} ${ip?.source} ${ip?.destination} ${ip?.protocol} ${ip?.id}`;
}

function markOf(id: number, sequence: number, length: number): number {
  return (Math.imul(id ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b) ^ length) | 0;
}
