/** nf_nat_l4proto_unique_tuple(), net/netfilter/nf_nat_core.c: a port that is free. */
import type { Tuple } from '../../skb/tuple.ts';
import type { Manip, ResolvedRange } from './nat.ts';
import { hasTrackedPorts, isIcmp } from './tuple.ts';

/** nf_nat_l4proto_unique_tuple() */
export function choosePort(
  tuple: Tuple,
  range: ResolvedRange,
  manip: Manip,
  isUsed: (tuple: Tuple, attemptsLeft: number) => boolean,
): { tuple: Tuple; assumption?: string } {
  const icmp = isIcmp(tuple.family, tuple.protocol);
  if (!icmp && !hasTrackedPorts(tuple.protocol)) return { tuple };
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
  const attempts = Math.min(size, MAX_ATTEMPTS);
  if (!byChanceOf(range, manip, size)) {
    for (let i = 0; i < attempts; i++) {
      const candidate = withPort(tuple, manip, low + ((offset + i) % size));
      if (!isUsed(candidate, attempts - i)) return { tuple: candidate };
    }
    return { tuple: withPort(tuple, manip, low + ((offset + attempts - 1) % size)) };
  }
  for (const drawn of range.drawn?.() ?? []) {
    if (!inPorts(drawn, { min: low, max: high })) continue;
    const candidate = withPort(tuple, manip, drawn);
    if (!isUsed(candidate, attempts)) return { tuple: candidate };
  }
  for (let i = 0; i < size; i++) {
    const candidate = withPort(tuple, manip, low + i);
    if (isUsed(candidate, size)) continue;
    const what = icmp ? 'ICMP id' : 'port';
    return {
      tuple: candidate,
      assumption: `the kernel draws the new ${what} at random from ${low}-${high}; ${portOf(candidate, manip)} stands for it`,
    };
  }
  return { tuple: withPort(tuple, manip, low) };
}

/** NF_NAT_MAX_ATTEMPTS */
const MAX_ATTEMPTS = 128;

function byChanceOf(range: ResolvedRange, manip: Manip, size: number): boolean {
  return range.random || (manip === 'src' && range.ports?.base === undefined && size > 1);
}

export function inPorts(port: number, range: { readonly min: number; readonly max: number }): boolean {
  return port >= range.min && port <= range.max;
}

export function portOf(tuple: Tuple, manip: Manip): number {
  return manip === 'src' || isIcmp(tuple.family, tuple.protocol) ? tuple.sourcePort : tuple.destinationPort;
}

function withPort(tuple: Tuple, manip: Manip, port: number): Tuple {
  return manip === 'src' || isIcmp(tuple.family, tuple.protocol)
    ? { ...tuple, sourcePort: port }
    : { ...tuple, destinationPort: port };
}
