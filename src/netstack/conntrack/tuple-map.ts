/** Connections by tuple. A text as key would cost more than everything else that conntrack does with a packet. */
import { randomSeed } from '../../base/random-seed.ts';
import type { Ip } from '../../net/ip.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Connection } from './connection.ts';

interface Slot {
  readonly tuple: Tuple;
  readonly place: number;
}

/** In order of first insertion, as a Map is; the zone that is asked for counts, not the tuple's. */
export class TupleMap {
  private readonly slots = new Map<number, Slot[]>();
  private readonly byPlace = new Map<number, Connection>();
  private places = 0;

  get size(): number {
    return this.byPlace.size;
  }

  get(tuple: Tuple, zone: number): Connection | undefined {
    const slot = this.find(tuple, zone);
    return slot && this.byPlace.get(slot.place);
  }

  set(tuple: Tuple, connection: Connection): void {
    const known = this.find(tuple, tuple.zone);
    const place = known?.place ?? this.places++;
    this.byPlace.set(place, connection);
    if (known) return;
    const hash = hashOf(tuple, tuple.zone);
    const bucket = this.slots.get(hash);
    if (bucket) bucket.push({ tuple, place });
    else this.slots.set(hash, [{ tuple, place }]);
  }

  delete(tuple: Tuple): void {
    const known = this.find(tuple, tuple.zone);
    if (!known) return;
    this.byPlace.delete(known.place);
    const hash = hashOf(tuple, tuple.zone);
    const rest = this.slots.get(hash)?.filter((slot) => slot !== known) ?? [];
    if (rest.length === 0) this.slots.delete(hash);
    else this.slots.set(hash, rest);
  }

  values(): Iterable<Connection> {
    return this.byPlace.values();
  }

  private find(tuple: Tuple, zone: number): Slot | undefined {
    const bucket = this.slots.get(hashOf(tuple, zone));
    if (!bucket) return undefined;
    for (const slot of bucket) if (slot.tuple.zone === zone && isSameTuple(slot.tuple, tuple)) return slot;
    return undefined;
  }
}

/** But for the zone. */
export function isSameTuple(one: Tuple, other: Tuple): boolean {
  return (
    one.source === other.source &&
    one.destination === other.destination &&
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort &&
    one.protocol === other.protocol &&
    one.family === other.family
  );
}

const SEED = randomSeed();

function hashOf(tuple: Tuple, zone: number): number {
  let hash = mix(tuple.protocol ^ SEED, zone);
  hash = mixIp(hash, tuple.source);
  hash = mixIp(hash, tuple.destination);
  return mix(hash, (tuple.sourcePort << 16) ^ tuple.destinationPort);
}

export function mixIp(hash: number, ip: Ip): number {
  if (typeof ip === 'number') return mix(hash, ip | 0);
  return mix(mix(hash, Number(BigInt.asIntN(32, ip))), Number(BigInt.asIntN(32, ip >> 64n)));
}

export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85ebca77) ^ (mixed >>> 13);
}
