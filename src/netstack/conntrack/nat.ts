/** nf_nat_setup_info() and get_unique_tuple(), net/netfilter/nf_nat_core.c. */
import type { Ip } from '../../net/ip.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Connection } from './connection.ts';
import type { Conntrack } from './conntrack.ts';
import { withAddress } from './nat-address.ts';
import { choosePort, inPorts, portOf } from './nat-port.ts';
import { before } from './tcp-window.ts';
import { invertTuple, isIcmp } from './tuple.ts';
import { isSameTuple } from './tuple-map.ts';

export type Manip = 'src' | 'dst';

/** struct nf_nat_range2 with the addresses of MASQUERADE, REDIRECT and NETMAP filled in. */
export interface ResolvedRange {
  readonly address?: { readonly min: Ip; readonly max: Ip };
  readonly ports?: { readonly min: number; readonly max: number; readonly base?: number };
  readonly random: boolean;
  readonly persistent: boolean;
  /** Evidence of what was drawn where the kernel draws. */
  readonly drawn?: () => readonly number[];
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
  if (choice.tuple.zone !== current.zone || !isSameTuple(choice.tuple, current)) {
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
  const holder = (tuple: Tuple): Connection | true | undefined => {
    const reply = invertTuple(tuple);
    return reply === undefined || conntrack.holder(reply, connection, now);
  };
  const isUsed = (tuple: Tuple): boolean => holder(tuple) !== undefined;
  if (manip === 'src' && !range.random) {
    if (inRange(current, range, 'src')) {
      if (!isUsed(current)) return { tuple: current };
    } else {
      const mapped = sameSource(conntrack, connection, current, range, now);
      if (mapped && !isUsed(mapped)) return { tuple: mapped };
    }
  }
  const tuple = range.address ? withAddress(current, range, manip, connection.zone.id) : current;
  if (!range.random) {
    if (range.ports) {
      const inside = range.ports.base === undefined && inPorts(portOf(tuple, manip), range.ports) === true;
      if (inside && (range.ports.min === range.ports.max || !isUsed(tuple))) return { tuple };
    } else if (!isUsed(tuple)) return { tuple };
  }
  return choosePort(tuple, range, manip, (candidate, left) => {
    const found = holder(candidate);
    if (found === undefined || found === true) return found !== undefined;
    if (left > HARDER || !mayTakeOver(found, connection)) return true;
    conntrack.remove(found);
    return false;
  });
}

/** NF_NAT_HARDER_THRESH: with no more attempts left than that, the port of a connection in TIME_WAIT is taken over. */
const HARDER = 32;

/** nf_nat_used_tuple_harder() */
function mayTakeOver(old: Connection, connection: Connection): boolean {
  if (old.original.protocol !== 6 || connection.tcp?.state !== 'SYN_SENT') return false;
  if (old.tcp?.state !== 'TIME_WAIT' || !old.srcNat) return false;
  return before(old.tcp.sides.original.end, connection.tcp.sides.original.end);
}

/** find_appropriate_src(): a mapping that this client's source has already. */
function sameSource(
  conntrack: Conntrack,
  connection: Connection,
  current: Tuple,
  range: ResolvedRange,
  now: number,
): Tuple | undefined {
  for (const other of conntrack.ofSource(connection.original, now)) {
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
