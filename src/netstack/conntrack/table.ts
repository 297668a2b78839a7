/** nf_conntrack_hash and nf_nat_bysource: confirmed connections by each of their tuples, and by their source. */
import type { CtDirection, CtZone } from '../../skb/nfct.ts';
import type { Tuple } from '../../skb/tuple.ts';
import { type Connection, zoneId } from './connection.ts';
import { isSameTuple, TupleMap } from './tuple-map.ts';

export interface TableEntry {
  readonly connection: Connection;
  readonly direction: CtDirection;
}

export interface ConnectionTable {
  readonly size: number;
  add(connection: Connection): void;
  /** nf_ct_kill() */
  remove(connection: Connection): void;
  /** nf_conntrack_find_get(): the entry that a packet of that zone belongs to. The tuple's own zone isn't looked at. */
  find(tuple: Tuple, zone: CtZone, now: number): TableEntry | undefined;
  /** nf_conntrack_tuple_taken(): the other connection that has this reply. */
  holder(reply: Tuple, except: Connection, now: number): Connection | undefined;
  /** Does a connection stand where this one would be put? */
  clash(connection: Connection, now: number): boolean;
  /** Alive at that time, oldest first. */
  all(now: number): Connection[];
  /** The confirmed ones of one client socket, youngest first. */
  ofSource(original: Tuple, now: number): Connection[];
}

/** Tuples in the table before the expired ones are looked for. */
const SWEEP = 20_000;

function sourceKey({ protocol, source, sourcePort, zone }: Tuple): string {
  return `${protocol} ${source} ${sourcePort} ${zone}`;
}

export function createTable(): ConnectionTable {
  // Both directions of a connection may have one tuple (a packet to itself), so each has a table of its own.
  const tables: Record<CtDirection, TupleMap> = { original: new TupleMap(), reply: new TupleMap() };
  const bySource = new Map<string, Set<Connection>>();
  let sweepAt = SWEEP;

  const remove = (connection: Connection): void => {
    connection.dead = true;
    for (const direction of ['original', 'reply'] as const) {
      const tuple = connection[direction];
      if (tables[direction].get(tuple, tuple.zone) === connection) tables[direction].delete(tuple);
    }
    const key = sourceKey(connection.original);
    const siblings = bySource.get(key);
    if (siblings?.delete(connection) && siblings.size === 0) bySource.delete(key);
  };
  const alive = (connection: Connection | undefined, now: number): Connection | undefined => {
    if (!connection || connection.expires > now) return connection;
    remove(connection);
    return undefined;
  };
  const at = (direction: CtDirection, tuple: Tuple, zone: number, now: number): Connection | undefined =>
    alive(tables[direction].get(tuple, zone), now);

  const lookup = (tuple: Tuple, original: number, reply: number, now: number): TableEntry | undefined => {
    const one = at('original', tuple, original, now);
    // __nf_conntrack_hash_insert() puts the reply in front, which is what counts when both directions are one tuple.
    if (one && one !== at('reply', tuple, original, now)) return { connection: one, direction: 'original' };
    if (one) return { connection: one, direction: 'reply' };
    const other = at('reply', tuple, reply, now);
    return other && { connection: other, direction: 'reply' };
  };

  return {
    get size() {
      return tables.original.size;
    },
    remove,
    add(connection) {
      tables.original.set(connection.original, connection);
      tables.reply.set(connection.reply, connection);
      const key = sourceKey(connection.original);
      const siblings = bySource.get(key) ?? new Set();
      bySource.set(key, siblings.add(connection));
    },
    find: (tuple, zone, now) => lookup(tuple, zoneId(zone, 'original'), zoneId(zone, 'reply'), now),
    holder(reply, except, now) {
      const own = zoneId(except.zone, 'reply');
      const found = [
        at('reply', reply, own, now),
        // The chain that is searched is the reply zone's.
        ...(zoneId(except.zone, 'original') === own ? [at('original', reply, own, now)] : []),
      ];
      return found.find(
        (each) =>
          each !== undefined &&
          each !== except &&
          (each.original.zone !== except.original.zone || !isSameTuple(each.original, except.original)),
      );
    },
    clash(connection, now) {
      const { original, reply } = connection;
      // Each tuple is looked for in its own direction's chain; there the other direction's entries count in one zone only.
      const oneZone = original.zone === reply.zone;
      const found = [
        at('original', original, original.zone, now),
        at('reply', reply, reply.zone, now),
        ...(oneZone
          ? [at('reply', original, original.zone, now), at('original', reply, reply.zone, now)]
          : []),
      ];
      return found.some((each) => each !== undefined && each !== connection);
    },
    all(now) {
      const found = [...tables.original.values()].filter((each) => each.expires > now);
      if (tables.original.size > sweepAt) {
        for (const each of [...tables.original.values()]) alive(each, now);
        sweepAt = Math.max(SWEEP, tables.original.size * 2);
      }
      return found;
    },
    ofSource(original, now) {
      const siblings = bySource.get(sourceKey(original)) ?? [];
      return [...siblings].filter((each) => each.expires > now).reverse();
    },
  };
}
