/** addrtype_mt_v1(), net/netfilter/xt_addrtype.c, on inet_dev_addr_type() and match_lookup_rt6(). */
import { type Ternary, unknown } from '../base/ternary.ts';
import type { Ip } from '../net/ip.ts';
import { applyMask } from '../net/prefix.ts';
import type { AddressType } from '../xtables/context.ts';
import { fibLookup } from './fib.ts';
import { lookupTable4 } from './fib4.ts';
import { deviceOf, isLocalAddress, type Net } from './net.ts';
import { isMulticast } from './route.ts';

/** Is it of one of those types (IPv4), or all that they ask for (IPv6)? `dev`: as that interface alone sees it. */
export function hasAddressType(
  net: Net,
  ip: Ip,
  types: readonly AddressType[],
  dev: string | undefined,
): Ternary {
  if (typeof ip === 'bigint') return hasType6(net, ip, types, dev);
  const type = addressType4(net, ip, dev);
  return typeof type === 'string' ? types.includes(type) : type;
}

/** inet_dev_addr_type(): table local only; what it doesn't know is unicast. */
export function addressType4(
  net: Net,
  ip: number,
  dev: string | undefined,
): AddressType | ReturnType<typeof unknown> {
  if (ip === 0 || ip === 0xffffffff) return 'BROADCAST';
  if (isMulticast(ip)) return 'MULTICAST';
  if (net.netns.links === undefined && net.fib[4].tables.size === 0) {
    return unknown(`${net.name}: no addresses were dumped (ip addr)`);
  }
  const table = net.fib[4].merged ?? net.fib[4].tables.get('local');
  const found =
    table && lookupTable4(net.fib[4].environment, table, { destination: ip, iif: 'lo', tos: 0, mark: 0 });
  if (typeof found !== 'object' || found.kind !== 'found') return 'UNICAST';
  if (dev !== undefined && found.route.nexthops[0]?.dev !== dev) return 'UNICAST';
  if (found.route.type === 'broadcast') return 'BROADCAST';
  return found.route.type === 'local' ? 'LOCAL' : 'UNICAST';
}

/** match_type6(): by the address first; LOCAL, ANYCAST and UNREACHABLE by the route, and then any of them will do. */
function hasType6(net: Net, ip: bigint, types: readonly AddressType[], dev: string | undefined): boolean {
  if (types.includes('MULTICAST') && !isMulticast(ip)) return false;
  if (types.includes('UNICAST') && !isUnicast6(ip)) return false;
  if (types.includes('UNSPEC') && ip !== 0n) return false;
  const asked = types.filter((type) => BY_ROUTE.has(type));
  if (asked.length === 0) return true;
  return typesByRoute6(net, ip, asked, dev).some((type) => asked.includes(type));
}

const BY_ROUTE: ReadonlySet<AddressType> = new Set(['LOCAL', 'ANYCAST', 'UNREACHABLE']);

function typesByRoute6(
  net: Net,
  ip: bigint,
  asked: readonly AddressType[],
  dev: string | undefined,
): AddressType[] {
  const found: AddressType[] = [];
  const onDevice = (device: string) => deviceOf(net, device).addresses.some(({ address }) => address === ip);
  if (dev !== undefined && asked.includes('LOCAL') && onDevice(dev)) found.push('LOCAL');
  const route = fibLookup(net.fib[6], {
    destination: ip,
    iif: 'lo',
    tos: 0,
    mark: 0,
    uid: 0,
    ...(dev === undefined ? {} : { oif: dev }),
  });
  if (route.kind === 'failed') return ['UNREACHABLE'];
  if (dev === undefined && (route.route.type === 'local' || (ip === 1n && isLocalAddress(net, ip)))) {
    found.push('LOCAL');
  }
  if (route.route.type === 'anycast' || isSubnetRouter(route.route.destination, ip)) found.push('ANYCAST');
  return found;
}

/** ipv6_anycast_destination() of the route that a packet to it takes. */
export function isAnycast(net: Net, ip: bigint): boolean {
  const found = fibLookup(net.fib[6], { destination: ip, iif: 'lo', tos: 0, mark: 0, uid: 0 });
  if (found.kind === 'failed') return false;
  const { route, nexthop } = found;
  return (
    route.type === 'anycast' ||
    (nexthop.gateway === undefined && route.type === 'unicast' && isSubnetRouter(route.destination, ip))
  );
}

/** ipv6_anycast_destination(): the first address of a subnet that isn't reached through a gateway. */
function isSubnetRouter(prefix: { readonly address: Ip; readonly length: number }, ip: bigint): boolean {
  const mask = ((1n << 128n) - 1n) ^ ((1n << BigInt(128 - prefix.length)) - 1n);
  return prefix.length < 127 && applyMask(ip, mask) === ip && prefix.address === ip;
}

/** IPV6_ADDR_UNICAST: anything but groups, the unspecified and the mapped addresses. */
function isUnicast6(ip: bigint): boolean {
  return !isMulticast(ip) && ip !== 0n && ip >> 32n !== 0xffffn;
}
