/** nf_conntrack_in() and nf_confirm(), net/netfilter/nf_conntrack_core.c. */
import { fieldsOf } from '../../skb/fields.ts';
import type { CtDirection, CtZone, Nfct, SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Tuple } from '../../skb/tuple.ts';
import { type Connection, NO_ZONE, newConnection, zoneId } from './connection.ts';
import { withoutConnection } from './error.ts';
import { createExpectations, type ExpectationTable } from './expectation.ts';
import { handlePacket } from './protocol.ts';
import type { ConntrackSettings } from './settings.ts';
import { createTable, type TableEntry } from './table.ts';
import { invertTuple, tupleOf } from './tuple.ts';

export interface Conntrack {
  /** Looks the packet up, or begins a connection for it, and sets `skb.conntrack`. */
  track(skb: Skb, options: TrackOptions): TrackOutcome;
  /** __nf_conntrack_confirm(): false when an equal connection was confirmed meanwhile and the packet is dropped. */
  confirm(skb: Skb): boolean;
  find(tuple: Tuple, now: number): TableEntry | undefined;
  /** nf_conntrack_tuple_taken(): the other connection that has this reply. */
  holder(reply: Tuple, except: Connection, now: number): Connection | undefined;
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Confirmed connections alive at that time. */
  connections(now: number): Connection[];
  /** Those of one client socket, youngest first (nf_nat_bysource). */
  ofSource(original: Tuple, now: number): Connection[];
  readonly expectations: ExpectationTable;
  readonly settings: ConntrackSettings;
}

export interface TrackOptions {
  readonly verifyChecksum: boolean;
  readonly zone?: CtZone;
  /** Helper of a connection that begins (CT --helper). */
  readonly helper?: string;
}

/** `full`: no room for another entry, and the packet is dropped. `crowded`: one that isn't assured may have had to go. */
export type TrackOutcome = 'tracked' | 'full' | 'crowded';

const INVALID: SkbConntrack = { state: 'INVALID', direction: 'original' };

export function createConntrack(settings: ConntrackSettings): Conntrack {
  const table = createTable();
  const expectations = createExpectations();
  let lastId = 0;

  /** init_conntrack() */
  const begin = (tuple: Tuple, options: TrackOptions, now: number): Connection | undefined => {
    const { zone = NO_ZONE, helper } = options;
    const reply = invertTuple(tuple);
    if (!reply) return undefined;
    const connection = newConnection({
      id: ++lastId,
      original: { ...tuple, zone: zoneId(zone, 'original') },
      reply: { ...reply, zone: zoneId(zone, 'reply') },
      zone,
      now,
    });
    const expected = expectations.take(tuple, zone, now);
    if (expected) {
      connection.expected = true;
      connection.master = expected.master;
      connection.mark = expected.master.mark;
      if (expected.helper !== undefined) connection.helper = expected.helper;
      expected.arrived?.(connection, expected);
    } else if (helper !== undefined) connection.helper = helper;
    return connection;
  };

  /** __nf_conntrack_alloc(): early_drop() looks for one that isn't assured, in a few places of the table. */
  const roomFor = (now: number): TrackOutcome => {
    if (settings.max === 0 || table.size < settings.max) return 'tracked';
    const alive = table.all(now);
    if (alive.length < settings.max) return 'tracked';
    return alive.some(mayGoEarly) ? 'crowded' : 'full';
  };

  /** resolve_normal_ct() and the protocol's packet handler. */
  const resolve = (skb: Skb, tuple: Tuple, options: TrackOptions): TrackOutcome => {
    skb.conntrack = INVALID;
    const found = table.find(tuple, options.zone ?? NO_ZONE, skb.time);
    const room = found ? 'tracked' : roomFor(skb.time);
    if (room === 'full') return room;
    const connection = found?.connection ?? begin(tuple, options, skb.time);
    if (!connection) return room;
    const direction = found?.direction ?? 'original';
    const state = stateOf(connection, direction);
    const outcome = handlePacket(skb, connection, direction, settings);
    if (outcome === 'repeat') {
      table.remove(connection);
      return resolve(skb, tuple, options);
    }
    if (outcome === 'invalid') return room;
    if (outcome === 'kill') table.remove(connection);
    if (direction === 'reply') connection.seenReply = true;
    skb.conntrack = { state, direction, entry: connection };
    return room;
  };

  return {
    settings,
    expectations,
    find: (tuple, now) => table.find(tuple, NO_ZONE, now),
    holder: table.holder,
    add(connection) {
      table.add(connection);
      lastId = Math.max(lastId, connection.id);
    },
    remove: table.remove,
    connections: table.all,
    ofSource: table.ofSource,
    track(skb, options) {
      const { zone = NO_ZONE, verifyChecksum } = options;
      const decided = withoutConnection(skb, {
        table,
        zone,
        verifyChecksum: verifyChecksum && settings.checksum,
      });
      if (decided) {
        skb.conntrack = decided;
        return 'tracked';
      }
      const tuple = tupleOf(fieldsOf(skb), 0);
      if (tuple) return resolve(skb, tuple, options);
      skb.conntrack = INVALID;
      return 'tracked';
    },
    confirm(skb) {
      const entry = skb.conntrack?.entry as Connection | undefined;
      if (!entry || entry.confirmed || entry.dead) return true;
      if (skb.conntrack?.direction === 'reply') return true;
      if (table.clash(entry, skb.time)) return false;
      entry.confirmed = true;
      table.add(entry);
      return true;
    },
  };
}

function stateOf(connection: Nfct, direction: CtDirection): SkbConntrack['state'] {
  if (direction === 'reply' || connection.seenReply) return 'ESTABLISHED';
  return connection.expected ? 'RELATED' : 'NEW';
}

/** early_drop_list(): what isn't assured; gc_worker_can_early_drop() takes closing TCP connections too, but not from here. */
function mayGoEarly(connection: Nfct): boolean {
  return !connection.assured;
}
