/** Building Link records, for all commands that print links. */
import type { Span } from '../base/span.ts';
import { flag, number, parseNumber, text } from './fields.ts';
import type { JsonObject } from './json.ts';
import type { BridgePort, Link } from './records.ts';
import type { Words } from './words.ts';

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

/** Switches of a port: the word of `bridge -d link` and `ip -d link`, which is the JSON key too. */
const FLAGS = {
  hairpin: 'hairpin',
  isolated: 'isolated',
  learning: 'learning',
  flood: 'flood',
  mcast_flood: 'mcastFlood',
  bcast_flood: 'bcastFlood',
  mcast_to_unicast: 'mcastToUnicast',
  proxy_arp: 'proxyArp',
  proxy_arp_wifi: 'proxyArpWifi',
  neigh_suppress: 'neighSuppress',
  vlan_tunnel: 'vlanTunnel',
  locked: 'locked',
  mab: 'mab',
} as const;

const NUMBERS = {
  no: 'number',
  port_no: 'number',
  mcast_router: 'mcastRouter',
  multicast_router: 'mcastRouter',
  group_fwd_mask: 'groupFwdMask',
} as const;

type PortDraft = { -readonly [K in keyof BridgePort]: BridgePort[K] };

export const PORT_FLAGS: readonly (readonly [word: string, field: keyof BridgePort])[] =
  Object.entries(FLAGS);

function isKey<T extends object>(table: T, word: string): word is Extract<keyof T, string> {
  return Object.hasOwn(table, word);
}

/** `hairpin off guard off … mcast_router 1`, up to the end of the line or the words that are not a port's. */
export function takePortWords(port: PortDraft, words: Words): void {
  while (!words.done) takePortWord(port, words.next(), words);
}

/** Masks are printed in hexadecimal, without 0x. */
export function takePortWord(port: PortDraft, word: string, words: Words): void {
  if (isKey(FLAGS, word)) port[FLAGS[word]] = words.next() === 'on';
  else if (isKey(NUMBERS, word)) setNumber(port, word, words.next());
  else if (word === 'backup_port') words.value((name) => (port.backupPort = name));
  else if (word === 'state') {
    const state = portState(words.next());
    if (state !== undefined) port.state = state;
  }
}

function setNumber(port: PortDraft, word: keyof typeof NUMBERS, text: string): void {
  const value = word === 'group_fwd_mask' ? Number.parseInt(text, 16) : parseNumber(text);
  if (value !== undefined && Number.isFinite(value)) port[NUMBERS[word]] = value;
}

/** A port's attributes of `bridge -d -j link` or `info_slave_data`. */
export function portOfJson(record: JsonObject, span: Span): BridgePort {
  const port: PortDraft = { span };
  const state = portState(text(record, 'state') ?? number(record, 'state'));
  if (state !== undefined) port.state = state;
  for (const key of Object.keys(record)) {
    if (isKey(FLAGS, key)) {
      const value = flag(record, key);
      if (value !== undefined) port[FLAGS[key]] = value;
    } else if (isKey(NUMBERS, key)) setNumber(port, key, String(record[key]));
  }
  const backup = text(record, 'backup_port');
  if (backup !== undefined) port.backupPort = backup;
  return port;
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
