/** What matches ask of their namespace. */
import { isUnknown, type Unknown, unknown } from '../../base/ternary.ts';
import type { Socket } from '../../dump/records.ts';
import { NO_INFO } from '../../ipset/element.ts';
import type { Query } from '../../ipset/query.ts';
import type { NamespaceView, SocketView } from '../../xtables/context.ts';
import { hasAddressType } from '../address-type.ts';
import type { Net } from '../net.ts';
import { pathMtu } from '../path-mtu.ts';
import { reversePathMatches } from '../reverse-path.ts';
import type { Destination } from '../run.ts';
import { socketOfPacket } from '../socket-lookup.ts';

/** `holder` has the socket that the packet was given to already. */
export function viewOf(
  net: Net,
  now: number,
  dst?: Destination,
  holder: { readonly sk?: Socket } = {},
): NamespaceView {
  return {
    elapsed: net.elapsed,
    realms: () => dst?.realms ?? 0,
    deviceGroup: (name) => deviceGroup(net, name),
    hasAddressType: (ip, types, dev) => hasAddressType(net, ip, types, dev),
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
    ...(dst && { pathMtu: (skb) => pathMtu(net, skb, dst) }),
    tentatively: (run) => net.sets.tentatively(run),
    connections: () => net.conntrack.connections(now),
    socket: (skb) => socketView(holder.sk ?? socketOfPacket(net, skb)),
    sysctl: (name) => net.sysctl(name)?.value,
  };
}

function socketView(socket: Socket | undefined | Unknown): SocketView | undefined | Unknown {
  if (!socket || isUnknown(socket)) return socket;
  return {
    wildcard: socket.address === undefined,
    transparent: socket.transparent ?? unknown('whether the socket is a transparent one (ss --inet-sockopt)'),
    mark: socket.mark ?? unknown('the mark of the socket (ss -e)'),
  };
}

const PLAIN: Omit<Query, 'skb' | 'directions'> = {
  returnNomatch: false,
  skipCounters: false,
  skipSubcounters: false,
  exist: false,
  found: undefined,
};

/** Group 0 has its name everywhere; others stand in the host's /etc/iproute2/group. */
function deviceGroup(net: Net, name: string): number | Unknown {
  const group = net.devices.get(name)?.link.group;
  if (group === undefined) return unknown(`${net.name}: the group of ${name} (ip link)`);
  if (group === 'default') return 0;
  return /^\d+$/.test(group) ? Number(group) : unknown(`the number of group ${group} (/etc/iproute2/group)`);
}
