/** nf_nat_setup_info(), get_unique_tuple() and nf_nat_packet(), net/netfilter/nf_nat_core.c. */
import type { Ip } from '../../net/ip.ts';
import { hasPorts } from '../../net/protocol.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { CtDirection } from '../../skb/nfct.ts';
import { rewriteQuoted } from '../../skb/quoted.ts';
import { setDestination, setIcmpId, setPorts, setSource } from '../../skb/rewrite.ts';
import type { Skb } from '../../skb/skb.ts';
import { type Tuple, tupleKey } from '../../skb/tuple.ts';
import type { Connection, Conntrack } from './conntrack.ts';
import { hashFourWords } from './jhash.ts';
import { invertTuple, isIcmp } from './tuple.ts';

export type Manip = 'src' | 'dst';

/** struct nf_nat_range2 with the addresses of MASQUERADE, REDIRECT and NETMAP filled in. */
export interface ResolvedRange {
  readonly address?: { readonly min: Ip; readonly max: Ip };
  readonly ports?: { readonly min: number; readonly max: number; readonly base?: number };
  readonly random: boolean;
  readonly persistent: boolean;
  /** Evidence of what was drawn where the kernel draws. */
  readonly draw?: (low: number, high: number) => number | undefined;
}

export interface SetupResult {
  /** False: no free tuple; the packet is dropped. */
  readonly done: boolean;
  /** What the kernel leaves to chance, and what was taken. */
  readonly assumption?: string;
}

export function isInitialized(connection: Connection, manip: Manip): boolean {
  return manip === 'src' ? connection.srcNatDone : connection.dstNatDone;
}

/** A mapping that changes nothing unless the reply's tuple is taken (nf_nat_alloc_null_binding()). */
export function nullBinding(connection: Connection, manip: Manip): ResolvedRange {
  const address = manip === 'src' ? connection.reply.destination : connection.reply.source;
  return { address: { min: address, max: address }, random: false, persistent: false };
}

export function setupNat(
  conntrack: Conntrack,
  connection: Connection,
  range: ResolvedRange,
  manip: Manip,
  now: number,
): SetupResult {
  if (connection.confirmed) return { done: true };
  const current = invertTuple(connection.reply);
  if (!current) return { done: false };
  const choice = chooseTuple(conntrack, connection, current, range, manip, now);
  if (tupleKey(choice.tuple) !== tupleKey(current)) {
    const reply = invertTuple(choice.tuple);
    if (!reply) return { done: false };
    connection.reply = reply;
    if (manip === 'src') connection.srcNat = true;
    else connection.dstNat = true;
  }
  if (manip === 'src') connection.srcNatDone = true;
  else connection.dstNatDone = true;
  return { done: true, ...(choice.assumption === undefined ? {} : { assumption: choice.assumption }) };
}

function chooseTuple(
  conntrack: Conntrack,
  connection: Connection,
  current: Tuple,
  range: ResolvedRange,
  manip: Manip,
  now: number,
): { tuple: Tuple; assumption?: string } {
  const isUsed = (tuple: Tuple): boolean => {
    const reply = invertTuple(tuple);
    return reply === undefined || conntrack.isTaken(reply, connection, now);
  };
  if (manip === 'src' && !range.random) {
    if (inRange(current, range, 'src') && !isUsed(current)) return { tuple: current };
    const mapped = sameSource(conntrack, connection, current, range, now);
    if (mapped && !isUsed(mapped)) return { tuple: mapped };
  }
  const tuple = range.address ? withAddress(current, range, manip) : current;
  if (!range.random) {
    if (range.ports) {
      const inside = range.ports.base === undefined && inPorts(portOf(tuple, manip), range.ports) === true;
      if (inside && (range.ports.min === range.ports.max || !isUsed(tuple))) return { tuple };
    } else if (!isUsed(tuple)) return { tuple };
  }
  return choosePort(tuple, range, manip, isUsed);
}

/** nf_nat_l4proto_unique_tuple() */
function choosePort(
  tuple: Tuple,
  range: ResolvedRange,
  manip: Manip,
  isUsed: (tuple: Tuple) => boolean,
): { tuple: Tuple; assumption?: string } {
  const icmp = isIcmp(tuple.family, tuple.protocol);
  if (!icmp && !hasPorts(tuple.protocol)) return { tuple };
  const port = portOf(tuple, manip);
  let low: number;
  let high: number;
  if (range.ports) ({ min: low, max: high } = range.ports);
  else if (icmp) [low, high] = [0, 65535];
  else if (manip === 'dst') return { tuple };
  else if (port < 512) [low, high] = [1, 511];
  else if (port < 1024) [low, high] = [600, 1023];
  else [low, high] = [1024, 65535];
  const size = high - low + 1;
  const offset = range.ports?.base === undefined ? 0 : (((port - range.ports.base) % size) + size) % size;
  const drawn = byChanceOf(range, manip, size) ? range.draw?.(low, high) : undefined;
  if (drawn !== undefined) {
    const candidate = withPort(tuple, manip, drawn);
    if (!isUsed(candidate)) return { tuple: candidate };
  }
  const byChance = byChanceOf(range, manip, size);
  for (let i = 0; i < size; i++) {
    const candidate = withPort(tuple, manip, low + ((offset + i) % size));
    if (isUsed(candidate)) continue;
    if (!byChance) return { tuple: candidate };
    const what = icmp ? 'ICMP id' : 'port';
    return {
      tuple: candidate,
      assumption: `the kernel draws the new ${what} at random from ${low}-${high}; ${portOf(candidate, manip)} stands for it`,
    };
  }
  return { tuple: withPort(tuple, manip, low + offset) };
}

function byChanceOf(range: ResolvedRange, manip: Manip, size: number): boolean {
  return range.random || (manip === 'src' && range.ports?.base === undefined && size > 1);
}

/** find_best_ips_proto(): the same client gets the same address of a range. */
function withAddress(tuple: Tuple, range: ResolvedRange, manip: Manip): Tuple {
  const { address } = range;
  if (!address) return tuple;
  return { ...tuple, [manip === 'src' ? 'source' : 'destination']: pickAddress(tuple, address, range) };
}

function pickAddress(tuple: Tuple, { min, max }: { min: Ip; max: Ip }, range: ResolvedRange): Ip {
  if (min === max) return min;
  const source = words(tuple.source);
  const destination = words(tuple.destination);
  const last = tuple.family === 4 ? 0 : 3;
  let hash = hashFourWords(source, range.persistent ? 0 : (destination[last] ?? 0) ^ tuple.zone);
  if (typeof min === 'number' && typeof max === 'number') return min + scale(hash, max - min + 1);
  let full = false;
  let result = 0n;
  for (let i = 0; i < 4; i++) {
    const low = full ? 0 : word(BigInt(min), i);
    const high = word(BigInt(max), i);
    const value = full ? scale(hash, 0xffffffff) : low + scale(hash, high - low + 1);
    if (value !== high) full = true;
    result = (result << 32n) | BigInt(value >>> 0);
    if (!range.persistent) hash = (hash ^ (destination[i] ?? 0)) >>> 0;
  }
  return result;
}

/** reciprocal_scale() */
function scale(value: number, range: number): number {
  if (range <= 0x100000) return Math.floor((value * range) / 2 ** 32);
  return Number((BigInt(value) * BigInt(range)) >> 32n);
}

/** The address as it lies in memory, read as little-endian words. */
function words(ip: Ip): [number, number, number, number] {
  if (typeof ip === 'number') return [swap(ip), 0, 0, 0];
  return [swap(word(ip, 0)), swap(word(ip, 1)), swap(word(ip, 2)), swap(word(ip, 3))];
}

function word(ip: bigint, index: number): number {
  return Number((ip >> BigInt(32 * (3 - index))) & 0xffffffffn);
}

function swap(value: number): number {
  return (
    ((value & 0xff) * 0x1000000 + ((value & 0xff00) << 8) + ((value >>> 8) & 0xff00) + (value >>> 24)) >>> 0
  );
}

/** find_appropriate_src(): a mapping that this client's source has already. */
function sameSource(
  conntrack: Conntrack,
  connection: Connection,
  current: Tuple,
  range: ResolvedRange,
  now: number,
): Tuple | undefined {
  for (const other of conntrack.translatedFrom(connection.original, now)) {
    if (other === connection) continue;
    const mapped = {
      ...current,
      source: other.reply.destination,
      sourcePort: isIcmp(current.family, current.protocol)
        ? other.reply.sourcePort
        : other.reply.destinationPort,
    };
    if (inRange(mapped, range, 'src')) return mapped;
  }
  return undefined;
}

function inRange(tuple: Tuple, range: ResolvedRange, manip: Manip): boolean {
  const address = manip === 'src' ? tuple.source : tuple.destination;
  if (range.address && (address < range.address.min || address > range.address.max)) return false;
  return !range.ports || inPorts(portOf(tuple, manip), range.ports);
}

function inPorts(port: number, range: { readonly min: number; readonly max: number }): boolean {
  return port >= range.min && port <= range.max;
}

function portOf(tuple: Tuple, manip: Manip): number {
  return manip === 'src' || isIcmp(tuple.family, tuple.protocol) ? tuple.sourcePort : tuple.destinationPort;
}

function withPort(tuple: Tuple, manip: Manip, port: number): Tuple {
  return manip === 'src' || isIcmp(tuple.family, tuple.protocol)
    ? { ...tuple, sourcePort: port }
    : { ...tuple, destinationPort: port };
}

const opposite = (direction: CtDirection): CtDirection => (direction === 'original' ? 'reply' : 'original');

/** Is that half of the packet to be rewritten here? Replies have the halves exchanged. */
export function needsManip(connection: Connection, direction: CtDirection, manip: Manip): boolean {
  const half = direction === 'original' ? manip : manip === 'src' ? 'dst' : 'src';
  return half === 'src' ? connection.srcNat : connection.dstNat;
}

/** nf_nat_packet(): rewrites one half of a packet as its connection says. Gives the addresses before and after. */
export function manipPacket(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  manip: Manip,
): { from: Tuple; to: Tuple } | undefined {
  if (!needsManip(connection, direction, manip)) return undefined;
  const target = invertTuple(connection[opposite(direction)]);
  if (!target) return undefined;
  const from = connection[direction];
  if (manip === 'src') {
    setSource(skb, target.source);
    if (!isIcmp(skb.family, skb.protocol)) setPorts(skb, { source: target.sourcePort });
  } else {
    setDestination(skb, target.destination);
    if (!isIcmp(skb.family, skb.protocol)) setPorts(skb, { destination: target.destinationPort });
  }
  if (isIcmp(skb.family, skb.protocol)) setIcmpId(skb, target.sourcePort);
  return { from, to: target };
}

/**
 * nf_nat_icmp_reply_translation(): the quoted packet is put back as its sender knows it, and the outer header made to look
 * like an answer. False: the error is dropped (a redirect about a translated connection).
 */
export function manipIcmpError(
  skb: Skb,
  connection: Connection,
  direction: CtDirection,
  manip: Manip,
): boolean {
  const { icmpType } = fieldsOf(skb);
  const isRedirect = icmpType === (skb.family === 4 ? 5 : 137);
  if (isRedirect) {
    const settled = connection.srcNatDone && connection.dstNatDone;
    if (!settled || connection.srcNat || connection.dstNat) return false;
  }
  if (!needsManip(connection, direction, manip)) return true;
  const inner = connection[opposite(direction)];
  const icmp = isIcmp(inner.family, inner.protocol);
  // The quoted packet goes the other way, so the other half of it is the translated one.
  if (manip === 'src') {
    rewriteQuoted(skb, {
      destination: inner.destination,
      ...(icmp ? { icmpId: inner.sourcePort } : { destinationPort: inner.destinationPort }),
    });
  } else {
    rewriteQuoted(skb, {
      source: inner.source,
      ...(icmp ? { icmpId: inner.sourcePort } : { sourcePort: inner.sourcePort }),
    });
  }
  const target = invertTuple(inner);
  if (!target) return true;
  if (manip === 'src') setSource(skb, target.source);
  else setDestination(skb, target.destination);
  return true;
}
