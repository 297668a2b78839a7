/** epb_packetid: one number for all sightings of one packet, made of what NAT and routers leave as it is. */
import { signatureOf } from '../../correlate/signature.ts';
import type { Packet } from '../../packet/packet.ts';

/** Signatures that are remembered at once, for packets that have no number of their own. */
const REMEMBERED = 1 << 16;
/** Seconds within which the same bytes at one point are one packet still (a bridge and its ports, both ways of `any`). */
const SAME = 0.05;

interface Seen {
  readonly time: number;
  readonly count: number;
}

export class PacketIds {
  readonly #seen = new Map<string, Seen>();

  /** `flow`: its number, where it is known. Undefined: nothing in the packet is telling enough. */
  of(
    point: number,
    packet: Packet,
    bytes: Uint8Array,
    time: number,
    flow: number | undefined,
  ): bigint | undefined {
    const signature = signatureOf(packet, bytes);
    if (signature === undefined) return undefined;
    const { ip } = packet;
    const own = ip?.id ?? 0;
    // A sender that numbers its packets gives a retransmission another number.
    const count = own > 0 ? 0 : this.#countOf(`${point} ${signature}`, time);
    return hash(`${flow ?? ''} ${own} ${count} ${signature}`);
  }

  #countOf(key: string, time: number): number {
    const before = this.#seen.get(key);
    const count = before === undefined ? 0 : time - before.time < SAME ? before.count : before.count + 1;
    this.#seen.delete(key);
    this.#seen.set(key, { time, count });
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen.keys();
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return count;
  }
}

/** FNV-1a twice, with two beginnings: 64 bits. */
function hash(text: string): bigint {
  let high = 0x811c9dc5;
  let low = 0x050c5d1f;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x01000193) ^ (low >>> 15);
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
