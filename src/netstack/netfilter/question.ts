/** What a walk asks of a packet, as numbers: a kind, a mask and a value. */
import type { InterfaceMatch } from '../../xtables/rule.ts';
import type { PacketKey } from './packet-key.ts';

export const ASKED = {
  /** A field under a mask is a value. */
  source: 0,
  destination: 1,
  protocol: 2,
  sourcePort: 3,
  destinationPort: 4,
  mark: 5,
  tcpFlags: 6,
  /** A port lies between the value's upper and its lower 16 bits. */
  sourcePorts: 7,
  destinationPorts: 8,
  /** The connection is in one of the mask's states. */
  states: 9,
  /** An interface's name, or its beginning, is the one of that number. */
  in: 10,
  out: 11,
  /** Does a match hold that isn't said in words? The value is `8 * rule + match`. */
  match: 12,
  /** What does somebody know of the undecided rule of that number? */
  evidence: 13,
  /** Mask: a chain; value: a place in it. Which rule from there on is the next that its index gives? */
  next: 14,
} as const;

/** Kinds below ask for a field under a mask. */
export const MASKED_KINDS = 7;

export function fieldOf(kind: number, key: PacketKey): number {
  switch (kind) {
    case ASKED.source:
      return key.source as number;
    case ASKED.destination:
      return key.destination as number;
    case ASKED.protocol:
      return key.protocol;
    case ASKED.sourcePort:
    case ASKED.sourcePorts:
      return key.sourcePort;
    case ASKED.destinationPort:
    case ASKED.destinationPorts:
      return key.destinationPort;
    case ASKED.mark:
      return key.mark;
    case ASKED.tcpFlags:
      return key.tcpFlags;
    default:
      return key.states;
  }
}

/** Of all kinds that the packet's key answers. */
export function holds(
  kind: number,
  mask: number,
  value: number,
  key: PacketKey,
  names: readonly InterfaceMatch[],
): boolean {
  if (kind < MASKED_KINDS) return (fieldOf(kind, key) & mask) === value;
  switch (kind) {
    case ASKED.sourcePorts:
    case ASKED.destinationPorts:
      return isWithin(fieldOf(kind, key), value);
    case ASKED.states:
      return (key.states & mask) !== 0;
    case ASKED.in:
      return hasName(key.in, names[value]);
    default:
      return hasName(key.out, names[value]);
  }
}

export function isWithin(port: number, range: number): boolean {
  return port >= range >>> 16 && port <= (range & 0xffff);
}

function hasName(name: string, match: InterfaceMatch | undefined): boolean {
  return match !== undefined && (match.wildcard ? name.startsWith(match.name) : name === match.name);
}
