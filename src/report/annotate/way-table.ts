/** Something by the ends of a packet, the point that saw it and its protocol: looked up for every packet, without an object for each. */
import type { FlowEnd } from '../../correlate/flow.ts';
import type { Ip } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { PlainPacket } from '../../packet/plain/packet.ts';

const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;
const WORDS = 10;
const FIRST = 1 << 10;

/** Point, protocol and family; both ports; 128 bits of source and of destination, of which IPv4 uses the first 32. */
export class WayKey {
  readonly words = new Uint32Array(WORDS);
  hash = 0;

  /** False: it names no ends of a flow. */
  setPlain(point: number, { view, network, transport, upper, family }: PlainPacket): boolean {
    const { words } = this;
    let protocol: number;
    if (upper === 'tcp' || upper === 'udp') {
      protocol = upper === 'tcp' ? PROTOCOL.tcp : PROTOCOL.udp;
      words[1] = view.getUint32(transport);
    } else if (upper === 'icmp' || (upper === 'icmpv6' && isEcho6(view.getUint8(transport)))) {
      protocol = family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'];
      const id = view.getUint16(transport + 4);
      words[1] = (id << 16) | id;
    } else return false;
    words[0] = kindOf(point, protocol, family);
    if (family === 4) {
      const at = network + IPV4_SOURCE;
      words[2] = view.getUint32(at);
      words[6] = view.getUint32(at + 4);
      words[3] = words[4] = words[5] = words[7] = words[8] = words[9] = 0;
    } else for (let i = 0; i < 8; i++) words[2 + i] = view.getUint32(network + IPV6_SOURCE + 4 * i);
    this.#mix();
    return true;
  }

  set(point: number, protocol: number, source: FlowEnd, destination: FlowEnd): void {
    const { words } = this;
    words[0] = kindOf(point, protocol, typeof source.address === 'number' ? 4 : 6);
    words[1] = (source.port << 16) | destination.port;
    setAddress(words, 2, source.address);
    setAddress(words, 6, destination.address);
    this.#mix();
  }

  ends(): { readonly protocol: number; readonly source: FlowEnd; readonly destination: FlowEnd } {
    const { words } = this;
    const [kind = 0, ports = 0] = words;
    const address = (at: number): Ip => (kind & 256 ? addressAt(words, at) : (words[at] as number));
    return {
      protocol: kind & 255,
      source: { address: address(2), port: ports >>> 16 },
      destination: { address: address(6), port: ports & 0xffff },
    };
  }

  equals({ words }: WayKey): boolean {
    for (let i = 0; i < WORDS; i++) if (words[i] !== this.words[i]) return false;
    return true;
  }

  /** A key that is kept from `at` on. */
  take(keys: Uint32Array, at: number): void {
    for (let i = 0; i < WORDS; i++) this.words[i] = keys[at + i] as number;
    this.#mix();
  }

  #mix(): void {
    const { words } = this;
    let hash = 0;
    for (let i = 0; i < WORDS; i++) {
      hash = Math.imul(hash ^ (words[i] as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    this.hash = hash >>> 0;
  }
}

function kindOf(point: number, protocol: number, family: 4 | 6): number {
  return protocol | (family === 6 ? 256 : 0) | (point << 9);
}

function isEcho6(type: number): boolean {
  return type === 128 || type === 129;
}

function setAddress(to: Uint32Array, at: number, address: Ip): void {
  if (typeof address === 'number') {
    to[at] = address;
    to[at + 1] = to[at + 2] = to[at + 3] = 0;
    return;
  }
  for (let i = 0; i < 4; i++) to[at + i] = Number((address >> BigInt(96 - 32 * i)) & 0xffffffffn);
}

function addressAt(words: Uint32Array, at: number): bigint {
  let address = 0n;
  for (let i = 0; i < 4; i++) address = (address << 32n) | BigInt(words[at + i] as number);
  return address;
}

/** Open addressing over rows of keys. */
export class WayTable<T> {
  #keys = new Uint32Array(FIRST * WORDS);
  #values: T[] = [];
  /** Row + 1. */
  #slots = new Int32Array(FIRST * 2);

  get size(): number {
    return this.#values.length;
  }

  get(key: WayKey): T | undefined {
    const row = this.#slots[this.#slotOf(key)] as number;
    return row === 0 ? undefined : this.#values[row - 1];
  }

  set(key: WayKey, value: T): void {
    const slot = this.#slotOf(key);
    const known = this.#slots[slot] as number;
    if (known > 0) {
      this.#values[known - 1] = value;
      return;
    }
    const row = this.#values.push(value);
    if (row * WORDS > this.#keys.length) {
      const larger = new Uint32Array(this.#keys.length * 2);
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys.set(key.words, (row - 1) * WORDS);
    this.#slots[slot] = row;
    if (row * 2 > this.#slots.length) this.#grow();
  }

  #slotOf({ words: wanted, hash }: WayKey): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] as number;
      if (row === 0) return slot;
      const at = (row - 1) * WORDS;
      let i = 0;
      while (i < WORDS && keys[at + i] === wanted[i]) i++;
      if (i === WORDS) return slot;
    }
  }

  #grow(): void {
    const key = new WayKey();
    const mask = this.#slots.length * 2 - 1;
    this.#slots = new Int32Array(mask + 1);
    for (let row = 1; row <= this.#values.length; row++) {
      const at = (row - 1) * WORDS;
      key.take(this.#keys, at);
      let slot = key.hash & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }
}

/** The same for the latest only: what was asked for last stays, and `most` at least. */
export class RecentWays<T> {
  readonly #most: number;
  #young = new WayTable<T>();
  #old = new WayTable<T>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: WayKey): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: WayKey, value: T): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new WayTable();
    }
    this.#young.set(key, value);
  }
}
