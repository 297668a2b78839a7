/** Building Link records, for all commands that print links. */
import type { Span } from '../base/span.ts';
import type { BridgePort, Link } from './records.ts';

export type LinkDraft = { -readonly [K in keyof Link]: Link[K] } & {
  altnames?: string[];
  statistics?: Record<string, number>;
};

export function draftLink(name: string, span: Span): LinkDraft {
  return { name, flags: [], addresses: [], span };
}

/** What stands behind `@` (or `"link"`): `if5` is an index, `NONE` says that there is none, anything else is a name. */
export function setPeer(link: LinkDraft, peer: string): void {
  const index = /^if(\d+)$/.exec(peer);
  if (index) link.peerIndex = Number(index[1]);
  else if (peer !== 'NONE') link.peerName = peer;
}

const STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** IFLA_BRPORT_STATE by name or, from older iproute2, by number (BR_STATE_*). */
export function portState(state: string | number | undefined): BridgePort['state'] {
  const byNumber = typeof state === 'number' ? STATES[state] : undefined;
  return byNumber ?? STATES.find((name) => name === state);
}

export interface PortFields {
  readonly state?: string | number | undefined;
  readonly hairpin?: boolean | undefined;
  readonly isolated?: boolean | undefined;
  readonly learning?: boolean | undefined;
  readonly flood?: boolean | undefined;
}

export function bridgePort(fields: PortFields, span: Span): BridgePort {
  const state = portState(fields.state);
  return {
    ...(state === undefined ? {} : { state }),
    ...(fields.hairpin === undefined ? {} : { hairpin: fields.hairpin }),
    ...(fields.isolated === undefined ? {} : { isolated: fields.isolated }),
    ...(fields.learning === undefined ? {} : { learning: fields.learning }),
    ...(fields.flood === undefined ? {} : { flood: fields.flood }),
    span,
  };
}

/** Names of a link's counters as in /sys/class/net/DEV/statistics, by direction and the word that `ip -s` prints. */
const COUNTERS: Readonly<Record<'rx' | 'tx', Readonly<Record<string, string>>>> = {
  rx: {
    bytes: 'rx_bytes',
    packets: 'rx_packets',
    errors: 'rx_errors',
    dropped: 'rx_dropped',
    missed: 'rx_missed_errors',
    overrun: 'rx_over_errors',
    mcast: 'multicast',
    length: 'rx_length_errors',
    crc: 'rx_crc_errors',
    frame: 'rx_frame_errors',
    fifo: 'rx_fifo_errors',
    nohandler: 'rx_nohandler',
  },
  tx: {
    bytes: 'tx_bytes',
    packets: 'tx_packets',
    errors: 'tx_errors',
    dropped: 'tx_dropped',
    carrier: 'tx_carrier_errors',
    collsns: 'collisions',
    aborted: 'tx_aborted_errors',
    fifo: 'tx_fifo_errors',
    window: 'tx_window_errors',
    heartbt: 'tx_heartbeat_errors',
    heartbeat: 'tx_heartbeat_errors',
    transns: 'carrier_changes',
  },
};

/** A header's word (`missed`) or a JSON key (`missed_errors`, `multicast`) to the counter's name. */
export function counterName(direction: 'rx' | 'tx', word: string): string | undefined {
  const names = COUNTERS[direction];
  if (Object.hasOwn(names, word)) return names[word];
  if (word === 'multicast' || word === 'collisions' || word === 'carrier_changes') return word;
  const full = `${direction}_${word}`;
  return Object.values(names).includes(full) ? full : undefined;
}
