/** What matches ask of their namespace. */
import { isUnknown, unknown } from '../../base/ternary.ts';
import { NO_INFO } from '../../ipset/element.ts';
import type { Query } from '../../ipset/query.ts';
import type { Ip } from '../../net/ip.ts';
import type { AddressType, NamespaceView } from '../../xtables/context.ts';
import { deviceOf, isLocalAddress, type Net } from '../net.ts';
import { reversePathMatches } from '../reverse-path.ts';
import { isMulticast } from '../route.ts';

export function viewOf(net: Net, now: number): NamespaceView {
  return {
    addressType: (ip, dev) => addressType(net, ip, dev),
    reversePath: (skb, options) => reversePathMatches(net, skb, options),
    setContains: (name, directions, skb, options) =>
      net.sets.test(name, { ...PLAIN, directions, skb, ...options }),
    changeSet: (change, name, directions, skb, options) => {
      net.sets.change(change, name, { ...PLAIN, directions, skb, ...options });
    },
    setMapping(name, directions, skb) {
      const query = { ...PLAIN, directions, skb };
      const contained = net.sets.test(name, query);
      return isUnknown(contained) ? contained : contained ? (query.found ?? NO_INFO) : undefined;
    },
    tentatively: (run) => net.sets.tentatively(run),
    connections: () => net.conntrack.connections(now),
    sysctl: (name) => net.sysctl(name)?.value,
  };
}

const PLAIN: Omit<Query, 'skb' | 'directions'> = {
  returnNomatch: false,
  skipCounters: false,
  skipSubcounters: false,
  exist: false,
  found: undefined,
};

/** inet_dev_addr_type(): table local only; what it doesn't know is unicast. */
function addressType(net: Net, ip: Ip, dev?: string): AddressType | ReturnType<typeof unknown> {
  if (typeof ip === 'number') {
    if (ip === 0 || ip === 0xffffffff) return 'BROADCAST';
  } else if (ip === 0n) return 'UNSPEC';
  if (isMulticast(ip)) return 'MULTICAST';
  if (net.netns.links === undefined && net.fib[4].tables.size === 0) {
    return unknown(`${net.name}: no addresses were dumped (ip addr)`);
  }
  if (typeof ip === 'bigint') return isLocalAddress(net, ip) ? 'LOCAL' : 'UNICAST';
  const table = net.fib[4].tables.get('local');
  const route = table?.lengths
    .flatMap(({ mask, routes }) => routes.get((ip & Number(mask)) >>> 0) ?? [])
    .find((each) => dev === undefined || each.nexthops.some((nexthop) => nexthop.dev === dev));
  if (route?.type === 'broadcast') return 'BROADCAST';
  if (route?.type === 'local') return 'LOCAL';
  if (dev !== undefined) {
    return deviceOf(net, dev).addresses.some(({ address }) => address === ip) ? 'LOCAL' : 'UNICAST';
  }
  return isLocalAddress(net, ip) ? 'LOCAL' : 'UNICAST';
}
