/** Which of its addresses a host uses: inet_select_addr(), net/ipv4/devinet.c; ipv6_dev_get_saddr(), net/ipv6/addrconf.c. */
import type { InterfaceAddress } from '../dump/records.ts';
import { type Family, familyOf, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import type { FibFound } from './fib.ts';
import { deviceOf, type Net } from './net.ts';

const SCOPES: Readonly<Record<string, number>> = {
  global: 0,
  universe: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
};

export function scopeNumber(scope: string | undefined): number {
  return scope === undefined ? 0 : (SCOPES[scope] ?? (Number(scope) || 0));
}

/** `toward`: an address whose subnet is preferred (the next hop). `scope`: the widest number allowed. */
export function selectAddress4(
  net: Net,
  device: string,
  toward: Ip | undefined,
  scope = 0,
): number | undefined {
  const usable = (entry: InterfaceAddress): entry is InterfaceAddress & { address: number } =>
    typeof entry.address === 'number' && !entry.secondary && scopeNumber(entry.scope) <= scope;
  const own = deviceOf(net, device).addresses.filter(usable);
  const near = own.find(
    (entry) => toward !== undefined && contains(networkOf(entry.peer ?? entry.address, entry.length), toward),
  );
  const found = near ?? own[0];
  if (found) return found.address;
  for (const other of net.devices.values()) {
    const entry = other.addresses.find((each) => usable(each) && scopeNumber(each.scope) !== SCOPES.link);
    if (entry && typeof entry.address === 'number') return entry.address;
  }
  return undefined;
}

/** RFC 6724 section 5, as far as addresses alone decide: same address, scope, outgoing interface, longest prefix. */
export function selectAddress6(net: Net, device: string, toward: bigint): bigint | undefined {
  const candidates: { address: bigint; rank: readonly number[] }[] = [];
  for (const each of net.devices.values()) {
    for (const entry of each.addresses) {
      if (typeof entry.address !== 'bigint') continue;
      if (entry.flags.includes('tentative') || entry.flags.includes('dadfailed')) continue;
      const scope = scopeOf6(entry.address);
      const wanted = scopeOf6(toward);
      if (scope === 2 && each.name !== device) continue;
      candidates.push({
        address: entry.address,
        rank: [
          entry.address === toward ? 1 : 0,
          scope >= wanted ? 32 - scope : scope - 64,
          entry.flags.includes('deprecated') ? 0 : 1,
          each.name === device ? 1 : 0,
          entry.flags.includes('temporary') ? 1 : 0,
          commonPrefix(entry.address, toward),
        ],
      });
    }
  }
  return candidates.toSorted((a, b) => compareRanks(b.rank, a.rank))[0]?.address;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function scopeOf6(ip: bigint): number {
  if (ip >> 120n === 0xffn) return Number((ip >> 112n) & 15n);
  if (ip === 1n || ip >> 118n === 0x3fan) return 2;
  return ip >> 118n === 0x3fbn ? 5 : 14;
}

function commonPrefix(a: bigint, b: bigint): number {
  const difference = a ^ b;
  return difference === 0n ? 128 : 128 - difference.toString(2).length;
}

/** Source of a locally sent packet that a route was found for (FIB_RES_PREFSRC). */
export function preferredSource(net: Net, found: FibFound, destination: Ip, device: string): Ip | undefined {
  const { route, nexthop } = found;
  if (route.prefsrc !== undefined) return route.prefsrc;
  if (typeof destination === 'bigint') return selectAddress6(net, device, destination);
  return selectAddress4(net, device, nexthop.gateway ?? destination, scopeNumber(route.scope));
}

export function hasAddress(net: Net, device: string, family: Family): boolean {
  return deviceOf(net, device).addresses.some((entry) => familyOf(entry.address) === family);
}
