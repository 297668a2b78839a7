import type { Packet } from '../packet/packet.ts';

/** What is counted of the packets of one place. */
export interface PacketCount {
  packets: number;
  bytes: number;
  /** Packets cut by the snaplen. */
  cut: number;
  /** Epoch seconds; undefined without packets. */
  first?: number;
  last?: number;
  /** Packets of each IP protocol, 0x806 for ARP. */
  readonly protocols: Map<number, number>;
}

/** The same of one interface, as a capture's packets name it. */
export interface PointCount extends PacketCount {
  readonly interfaceName: string | undefined;
  readonly interfaceIndex: number | undefined;
}

const ARP = 0x806;

export function countPacket(count: PacketCount, packet: Packet): void {
  const time = packet.seconds + packet.nanoseconds / 1e9;
  count.packets++;
  count.bytes += packet.length;
  if (count.first === undefined || time < count.first) count.first = time;
  if (count.last === undefined || time > count.last) count.last = time;
  if (packet.captured < packet.length) count.cut++;
  const protocol = packet.ip?.protocol ?? (packet.arp ? ARP : undefined);
  if (protocol !== undefined) count.protocols.set(protocol, (count.protocols.get(protocol) ?? 0) + 1);
}

/** A count whose protocols may be an array. */
interface Counted extends Readonly<Omit<PacketCount, 'protocols'>> {
  readonly protocols: { entries(): Iterable<[protocol: number, packets: number]> };
}

export function addCount(count: PacketCount, other: Counted): void {
  if (other.packets === 0) return;
  count.packets += other.packets;
  count.bytes += other.bytes;
  count.cut += other.cut;
  if (other.first !== undefined) count.first = Math.min(count.first ?? other.first, other.first);
  if (other.last !== undefined) count.last = Math.max(count.last ?? other.last, other.last);
  for (const [protocol, packets] of other.protocols.entries()) {
    if (packets > 0) count.protocols.set(protocol, (count.protocols.get(protocol) ?? 0) + packets);
  }
}

/** Packets one by one, by the interface that they name. */
export class PointCounter {
  readonly #byPlace = new Map<string, PointCount>();

  get counts(): PointCount[] {
    return [...this.#byPlace.values()];
  }

  add(packet: Packet): void {
    const { interfaceName, interfaceIndex } = packet;
    const key = `${interfaceName ?? ''} ${interfaceIndex ?? ''}`;
    let count = this.#byPlace.get(key);
    if (!count) {
      count = { interfaceName, interfaceIndex, packets: 0, bytes: 0, cut: 0, protocols: new Map() };
      this.#byPlace.set(key, count);
    }
    countPacket(count, packet);
  }
}
