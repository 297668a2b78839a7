/** The values of one field, in words. */
import { formatIp, type Ip } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { protocolName } from '../net/protocol.ts';
import { ALL, NONE, type Node } from '../symbolic/bdd.ts';
import { ADDRESS_TYPES, type Field, PACKET_TYPES, STATES, STATUSES } from '../symbolic/layout.ts';
import type { Space } from '../symbolic/space.ts';
import { projection } from './boxes.ts';

export interface FieldValues {
  readonly field: Field;
  /** All but those. */
  readonly not: boolean;
  readonly values: readonly string[];
  /** There are more than could be listed. */
  readonly more: boolean;
}

/** Values that are listed of one field. */
const MOST = 8;
const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** Or what the field may not be, where that is shorter. */
export function valuesOf(space: Space, field: Field, set: Node): FieldValues {
  const { bdd, domain, layout } = space;
  const list = lister(space, field);
  const [first, other] = [list(set), list(bdd.diff(projection(space, domain, layout[field]), set))];
  const not = other.length > 0 && other.length < first.length;
  const values = not ? other : first;
  return { field, not, values: values.slice(0, MOST), more: values.length > MOST };
}

function lister(space: Space, field: Field): (set: Node) => string[] {
  const { layout, alphabets, family } = space;
  const levels = layout[field];
  const named = (names: readonly string[]) => (set: Node) =>
    names.filter((_, code) => space.bdd.and(set, space.equals(field, code)) !== NONE);
  switch (field) {
    case 'iif':
    case 'oif':
    case 'physin':
    case 'physout':
      return named(alphabets[field].names.map((_, code) => alphabets[field].labelOf(code)));
    case 'protocol':
      return named(Array.from({ length: 256 }, (_, protocol) => protocolName(protocol)));
    case 'state':
      return named(STATES);
    case 'packetType':
      return named(PACKET_TYPES);
    case 'sourceType':
    case 'destinationType':
      return named(ADDRESS_TYPES);
    case 'direction':
      return named(['ORIGINAL', 'REPLY']);
    case 'fragment':
    case 'sourceNat':
    case 'destinationNat':
    case 'hasMac':
      return named(['no', 'yes']);
    case 'source':
    case 'destination':
      return (set) =>
        cubes(space, set, levels).map(({ value, mask }) => addressText(value, mask, family === 4 ? 32 : 128));
    case 'mac':
      return (set) => cubes(space, set, levels).map(({ value }) => formatMac(Number(value)));
    case 'status':
    case 'tcpFlags':
      return (set) =>
        cubes(space, set, levels).map(({ value, mask }) =>
          flagsText(field === 'status' ? STATUSES : TCP_FLAGS, Number(value), Number(mask)),
        );
    case 'mark':
    case 'connmark':
    case 'tos':
      return (set) =>
        cubes(space, set, levels).map(({ value, mask }) => maskedText(value, mask, levels.length));
    default:
      return (set) =>
        ranges(space, set, levels).map(([min, max]) => (min === max ? `${min}` : `${min}-${max}`));
  }
}

/** Listed up to there; one more says that there are others. */
const MOST_LISTED = 65;

/** Runs of numbers, ascending. */
function ranges(space: Space, set: Node, levels: readonly number[]): [number, number][] {
  const { bdd } = space;
  const found: [number, number][] = [];
  const go = (node: Node, depth: number, value: number): void => {
    if (node === NONE || found.length > MOST_LISTED) return;
    if (node === ALL) {
      const size = 2 ** (levels.length - depth);
      const last = found.at(-1);
      if (last && last[1] === value * size - 1) last[1] = value * size + size - 1;
      else found.push([value * size, value * size + size - 1]);
      return;
    }
    const asks = bdd.levelOf(node) === levels[depth];
    go(asks ? bdd.low(node) : node, depth + 1, value * 2);
    go(asks ? bdd.high(node) : node, depth + 1, value * 2 + 1);
  };
  go(set, 0, 0);
  return found;
}

/** Ways through the diagram: bits that count, and what they are. */
function cubes(space: Space, set: Node, levels: readonly number[]): { value: bigint; mask: bigint }[] {
  const { bdd } = space;
  const found: { value: bigint; mask: bigint }[] = [];
  const go = (node: Node, depth: number, value: bigint, mask: bigint): void => {
    if (node === NONE || found.length > MOST_LISTED) return;
    if (depth === levels.length) {
      found.push({ value, mask });
      return;
    }
    if (bdd.levelOf(node) !== levels[depth]) go(node, depth + 1, value * 2n, mask * 2n);
    else {
      go(bdd.low(node), depth + 1, value * 2n, mask * 2n + 1n);
      go(bdd.high(node), depth + 1, value * 2n + 1n, mask * 2n + 1n);
    }
  };
  go(set, 0, 0n, 0n);
  return found;
}

function addressText(value: bigint, mask: bigint, bits: 32 | 128): string {
  const ip = (each: bigint): Ip => (bits === 32 ? Number(each) : each);
  const hosts = (1n << BigInt(bits)) - 1n - mask;
  if ((hosts & (hosts + 1n)) !== 0n) return `${formatIp(ip(value))}/${formatIp(ip(mask))}`;
  const length = bits - (hosts === 0n ? 0 : hosts.toString(2).length);
  return length === bits ? formatIp(ip(value)) : `${formatIp(ip(value))}/${length}`;
}

function maskedText(value: bigint, mask: bigint, bits: number): string {
  const all = (1n << BigInt(bits)) - 1n;
  return `0x${value.toString(16)}${mask === all ? '' : `/0x${mask.toString(16)}`}`;
}

function flagsText(names: readonly string[], value: number, mask: number): string {
  const asked = names.flatMap((name, bit) => {
    if (((mask >> bit) & 1) === 0) return [];
    return [(value >> bit) & 1 ? name : `no ${name}`];
  });
  return asked.join(' ');
}
