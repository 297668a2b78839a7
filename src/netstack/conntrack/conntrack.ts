/** nf_conntrack_in() and the table behind it, net/netfilter/nf_conntrack_core.c. */
import { ICMP, isIcmpError } from '../../header/icmp.ts';
import { isIcmpv6Error } from '../../header/icmpv6.ts';
import { transportChecksum } from '../../skb/checksum.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { CtDirection, CtZone, Nfct, SkbConntrack } from '../../skb/nfct.ts';
import { quotedFieldsOf } from '../../skb/quoted.ts';
import type { Skb } from '../../skb/skb.ts';
import { type Tuple, tupleKey } from '../../skb/tuple.ts';
import { type Connection, newConnection } from './connection.ts';
import { readSegment } from './segment.ts';
import type { ConntrackSettings } from './settings.ts';
import { tcpNew, tcpPacket } from './tcp.ts';
import { hasValidFlags } from './tcp-states.ts';
import { invertTuple, isIcmp, opensConnection, tupleOf } from './tuple.ts';

interface TableEntry {
  readonly connection: Connection;
  readonly direction: CtDirection;
}

export interface Conntrack {
  /** Looks the packet up, or begins a connection for it, and sets `skb.conntrack`. */
  track(skb: Skb, options: { verifyChecksum: boolean; zone?: CtZone }): void;
  /** __nf_conntrack_confirm(): false when an equal connection was confirmed meanwhile and the packet is dropped. */
  confirm(skb: Skb): boolean;
  find(tuple: Tuple, now: number): TableEntry | undefined;
  /** nf_conntrack_tuple_taken(): does another connection than `except` have this reply? */
  isTaken(reply: Tuple, except: Nfct, now: number): boolean;
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Confirmed connections alive at that time. */
  connections(now: number): Connection[];
  /** Those of one client socket that source NAT translated (nf_nat_bysource). */
  translatedFrom(original: Tuple, now: number): Connection[];
  readonly settings: ConntrackSettings;
}

/** Tuples in the table before the expired ones are looked for. */
const SWEEP = 20_000;

function sourceKey({ protocol, source, sourcePort, zone }: Tuple): string {
  return `${protocol} ${source} ${sourcePort} ${zone}`;
}

const INVALID: SkbConntrack = { state: 'INVALID', direction: 'original' };

export function createConntrack(settings: ConntrackSettings): Conntrack {
  const table = new Map<string, TableEntry>();
  const bySource = new Map<string, Set<Connection>>();
  let lastId = 0;
  let sweepAt = SWEEP;

  const remove = (connection: Connection): void => {
    connection.dead = true;
    for (const tuple of [connection.original, connection.reply]) {
      if (table.get(tupleKey(tuple))?.connection === connection) table.delete(tupleKey(tuple));
    }
    const key = sourceKey(connection.original);
    const siblings = bySource.get(key);
    if (siblings?.delete(connection) && siblings.size === 0) bySource.delete(key);
  };
  /** gc_worker() */
  const sweep = (now: number): void => {
    for (const { connection } of [...table.values()]) if (connection.expires <= now) remove(connection);
    sweepAt = Math.max(SWEEP, table.size * 2);
  };
  const find = (tuple: Tuple, now: number): TableEntry | undefined => {
    const entry = table.get(tupleKey(tuple));
    if (entry && entry.connection.expires <= now) {
      remove(entry.connection);
      return undefined;
    }
    return entry;
  };
  const add = (connection: Connection): void => {
    table.set(tupleKey(connection.original), { connection, direction: 'original' });
    table.set(tupleKey(connection.reply), { connection, direction: 'reply' });
    lastId = Math.max(lastId, connection.id);
    if (!connection.srcNat) return;
    const key = sourceKey(connection.original);
    const siblings = bySource.get(key) ?? new Set();
    bySource.set(key, siblings.add(connection));
  };

  /** init_conntrack() */
  const begin = (skb: Skb, tuple: Tuple, zone: CtZone | undefined): Connection | undefined => {
    const reply = invertTuple(tuple);
    if (!reply) return undefined;
    return newConnection({
      id: ++lastId,
      original: tuple,
      reply: { ...reply, zone: zone && zone.direction !== 'original' ? zone.id : 0 },
      now: skb.time,
    });
  };

  /** resolve_normal_ct() and the protocol's packet handler. Undefined is INVALID. */
  const resolve = (skb: Skb, tuple: Tuple, zone: CtZone | undefined): SkbConntrack | undefined => {
    const found = find(tuple, skb.time);
    const connection = found?.connection ?? begin(skb, tuple, zone);
    if (!connection) return undefined;
    const direction = found?.direction ?? 'original';
    const state =
      direction === 'reply' || connection.seenReply ? 'ESTABLISHED' : connection.expected ? 'RELATED' : 'NEW';
    const outcome = handlePacket(skb, connection, direction);
    if (outcome === 'repeat') {
      remove(connection);
      return resolve(skb, tuple, zone);
    }
    if (outcome === 'invalid') return undefined;
    if (outcome === 'kill') remove(connection);
    if (direction === 'reply') connection.seenReply = true;
    connection.packets[direction]++;
    connection.bytes[direction] += skb.length;
    return { state, direction, entry: connection };
  };

  const handlePacket = (
    skb: Skb,
    connection: Connection,
    direction: CtDirection,
  ): 'accept' | 'invalid' | 'repeat' | 'kill' => {
    const { protocol, family } = connection.original;
    if (protocol === 6) return handleTcp(skb, connection, direction);
    if (isIcmp(family, protocol)) {
      const { icmpType } = fieldsOf(skb);
      if (!connection.confirmed && (icmpType === undefined || !opensConnection(family, icmpType))) {
        return 'invalid';
      }
      connection.expires = skb.time + settings.timeout(family, protocol, false);
      return 'accept';
    }
    const stream = connection.seenReply && (protocol !== 17 || skb.time > connection.streamFrom);
    if (stream) connection.assured = true;
    connection.expires = skb.time + settings.timeout(family, protocol, stream);
    return 'accept';
  };

  const handleTcp = (
    skb: Skb,
    connection: Connection,
    direction: CtDirection,
  ): 'accept' | 'invalid' | 'repeat' | 'kill' => {
    const segment = readSegment(skb);
    if ('fault' in segment || !hasValidFlags(segment.flags)) return 'invalid';
    if (!connection.tcp) {
      const tracking = tcpNew(segment, settings.tcp);
      if (!tracking) return 'invalid';
      connection.tcp = tracking;
    }
    const result = tcpPacket(connection.tcp, direction, segment, connection, settings.tcp);
    if (result.kind !== 'accept') return result.kind;
    connection.tcpState = connection.tcp.state;
    if (result.timeout !== undefined) connection.expires = skb.time + result.timeout;
    if (result.assure) connection.assured = true;
    return result.kill ? 'kill' : 'accept';
  };

  /** nf_conntrack_inet_error(): the connection that the quoted packet belongs to, seen from the error's direction. */
  const relate = (skb: Skb, zone: number): SkbConntrack | undefined => {
    const quoted = quotedFieldsOf(skb);
    const tuple = quoted && tupleOf(quoted, zone);
    const inverted = tuple && invertTuple(tuple);
    const found = inverted && find(inverted, skb.time);
    if (!found) return undefined;
    const { connection, direction } = found;
    if (connection[direction].destination !== fieldsOf(skb).destination) return undefined;
    return { state: 'RELATED', direction, entry: connection };
  };

  return {
    settings,
    find,
    add,
    remove,
    track(skb, { verifyChecksum, zone }) {
      const fields = fieldsOf(skb);
      const verify = verifyChecksum && settings.checksum;
      if (isIcmp(skb.family, skb.protocol)) {
        const { icmpType } = fields;
        if (icmpType === undefined || (verify && transportChecksum(skb) === 'wrong')) {
          skb.conntrack = INVALID;
          return;
        }
        if (skb.family === 6 && isUntrackedIcmpv6(icmpType)) {
          skb.conntrack = { state: 'UNTRACKED', direction: 'original' };
          return;
        }
        if (isErrorType(skb.family, icmpType)) {
          skb.conntrack = relate(skb, originalZone(zone)) ?? INVALID;
          return;
        }
      } else if (isMalformed(skb) || (verify && transportChecksum(skb) === 'wrong')) {
        skb.conntrack = INVALID;
        return;
      }
      const tuple = tupleOf(fields, originalZone(zone));
      skb.conntrack = (tuple && resolve(skb, tuple, zone)) ?? INVALID;
    },
    confirm(skb) {
      const entry = skb.conntrack?.entry as Connection | undefined;
      if (!entry || entry.confirmed || entry.dead) return true;
      if (skb.conntrack?.direction === 'reply') return true;
      const clash = find(entry.original, skb.time) ?? find(entry.reply, skb.time);
      if (clash && clash.connection !== entry) return false;
      entry.confirmed = true;
      add(entry);
      if (table.size > sweepAt) sweep(skb.time);
      return true;
    },
    isTaken(reply, except, now) {
      const found = find(reply, now);
      return found !== undefined && found.connection !== except;
    },
    connections(now) {
      const alive = new Set<Connection>();
      for (const { connection } of table.values()) if (connection.expires > now) alive.add(connection);
      return [...alive];
    },
    translatedFrom(original, now) {
      const siblings = bySource.get(sourceKey(original)) ?? [];
      return [...siblings].filter((connection) => connection.expires > now);
    },
  };
}

function originalZone(zone: CtZone | undefined): number {
  return zone && zone.direction !== 'reply' ? zone.id : 0;
}

/** Neighbour discovery and MLD are never tracked (icmpv6_error()). */
function isUntrackedIcmpv6(type: number): boolean {
  return (type >= 130 && type <= 136) || type === 143;
}

function isErrorType(family: 4 | 6, type: number): boolean {
  return family === 4 ? isIcmpError(type) || type === ICMP.redirect : isIcmpv6Error(type) || type === 137;
}

/** udp_error(), udplite_error(), sctp_error(): headers that can't be a connection's. */
function isMalformed(skb: Skb): boolean {
  const { protocol, transport, bytes } = skb;
  if (protocol !== 17 && protocol !== 136) return false;
  if (transport < 0) return true;
  const length = ((bytes[transport + 4] ?? 0) << 8) | (bytes[transport + 5] ?? 0);
  const room = skb.length - transport;
  if (protocol === 17) return length > room || length < 8;
  return length !== 0 && (length < 8 || length > room);
}
