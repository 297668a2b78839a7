/** Does one rule's condition take every packet that another's takes? Only where that is certain; what nobody can tell is no. */
import { applyMask } from '../../net/prefix.ts';
import type { AddressMatch, InterfaceMatch, MatchUse, Rule } from '../../xtables/rule.ts';

/**
 * `wide` covers `narrow`: of packets that begin a connection, every one that `narrow` matches is matched by `wide` too.
 * `local`: the packets are for the host's own addresses, as those that come to Docker's nat chain are.
 */
export function covers(wide: Rule, narrow: Rule, local: boolean): boolean {
  return (
    !wide.fragment &&
    addressCovers(wide.source, narrow.source) &&
    addressCovers(wide.destination, narrow.destination) &&
    interfaceCovers(wide.in, narrow.in) &&
    interfaceCovers(wide.out, narrow.out) &&
    protocolCovers(wide, narrow) &&
    wide.matches.every((match) => matchCovers(match, narrow, local))
  );
}

function addressCovers(wide: AddressMatch | undefined, narrow: AddressMatch | undefined): boolean {
  if (!wide) return true;
  if (!narrow || typeof wide.address !== typeof narrow.address) return false;
  const inside =
    BigInt(applyMask(narrow.mask, wide.mask)) === BigInt(wide.mask) &&
    applyMask(narrow.address, wide.mask) === wide.address;
  const apart =
    applyMask(applyMask(narrow.address, narrow.mask), wide.mask) !== applyMask(wide.address, narrow.mask);
  if (!wide.invert && !narrow.invert) return inside;
  if (wide.invert && !narrow.invert) return apart;
  return wide.invert && narrow.invert && wide.address === narrow.address && wide.mask === narrow.mask;
}

function interfaceCovers(wide: InterfaceMatch | undefined, narrow: InterfaceMatch | undefined): boolean {
  if (!wide || (wide.wildcard && wide.name === '' && !wide.invert)) return true;
  if (!narrow || narrow.wildcard) return false;
  const fits = wide.wildcard ? narrow.name.startsWith(wide.name) : narrow.name === wide.name;
  if (narrow.invert) return wide.invert && !wide.wildcard && wide.name === narrow.name;
  return fits !== wide.invert;
}

function protocolCovers({ protocol: wide }: Rule, { protocol: narrow }: Rule): boolean {
  if (!wide || (wide.protocol === 0 && !wide.invert)) return true;
  if (!narrow || narrow.invert) return false;
  return (wide.protocol === narrow.protocol) !== wide.invert;
}

interface Ports {
  readonly destination?: { readonly invert: boolean; readonly min: number; readonly max: number };
}

function matchCovers(match: MatchUse, narrow: Rule, local: boolean): boolean {
  const own = narrow.matches.find(({ name }) => name === match.name);
  switch (match.name) {
    case 'comment':
      return true;
    case 'tcp':
    case 'udp':
    case 'sctp': {
      const { destination, ...rest } = match.info as Ports;
      if (Object.keys(rest).length > 0 || destination?.invert) return false;
      if (!destination) return true;
      const inner = (own?.info as Ports | undefined)?.destination;
      return (
        inner !== undefined && !inner.invert && inner.min >= destination.min && inner.max <= destination.max
      );
    }
    case 'conntrack':
    case 'state':
      return takesNew(match.info);
    case 'addrtype':
      return local ? isLocal(match.info) : own !== undefined && same(match.info, own.info);
    default:
      return own !== undefined && same(match.info, own.info);
  }
}

/** By its state alone, and NEW is among those. */
function takesNew(info: unknown): boolean {
  const { invert, states } = stateTest(info);
  return states !== undefined && states.includes('NEW') !== invert;
}

/** Of `-m state`, and of `-m conntrack` without any other condition. */
function stateTest(info: unknown): { readonly invert: boolean; readonly states?: readonly string[] } {
  if (typeof info !== 'object' || info === null) return { invert: false };
  if ('states' in info) return info as { invert: boolean; states: readonly string[] };
  const { state, addresses, ports, ...rest } = info as {
    state?: { invert: boolean; value: readonly string[] };
    addresses?: object;
    ports?: object;
  };
  const more = Object.keys({ ...rest, ...addresses, ...ports }).length > 0;
  return !state || more ? { invert: false } : { invert: state.invert, states: state.value };
}

function isLocal(info: unknown): boolean {
  const { source, destination, limit } = info as {
    source?: unknown;
    destination?: { invert: boolean; types: readonly string[] };
    limit?: unknown;
  };
  return (
    source === undefined &&
    limit === undefined &&
    destination !== undefined &&
    !destination.invert &&
    destination.types.length === 1 &&
    destination.types[0] === 'LOCAL'
  );
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left, bigText) === JSON.stringify(right, bigText);
}

function bigText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** No packet can match both, by their interfaces. */
export function apart(left: Rule, right: Rule): boolean {
  return differ(left.in, right.in) || differ(left.out, right.out);
}

function differ(left: InterfaceMatch | undefined, right: InterfaceMatch | undefined): boolean {
  if (!left || !right || left.wildcard || right.wildcard || (left.invert && right.invert)) return false;
  return (left.name === right.name) === (left.invert || right.invert);
}
