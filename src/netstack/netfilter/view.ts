/** What matches ask of their namespace. */
import { isUnknown, type Ternary, type Unknown, unknown } from '../../base/ternary.ts';
import type { Socket } from '../../dump/records.ts';
import { NO_INFO } from '../../ipset/element.ts';
import type { Query } from '../../ipset/query.ts';
import type { Ip } from '../../net/ip.ts';
import type { Nfct } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type {
  AddressType,
  NamespaceView,
  SetChangeOptions,
  SetMapping,
  SetTestOptions,
  SocketView,
} from '../../xtables/context.ts';
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
  return new NetView(net, now, dst, holder);
}

/** A class: every table that a packet comes to has one, and most are asked nothing. */
export class NetView implements NamespaceView {
  protected readonly net: Net;
  private readonly now: number;
  private readonly dst: Destination | undefined;
  private readonly holder: { readonly sk?: Socket };

  constructor(net: Net, now: number, dst: Destination | undefined, holder: { readonly sk?: Socket }) {
    this.net = net;
    this.now = now;
    this.dst = dst;
    this.holder = holder;
  }

  elapsed(from: number, to: number): number {
    return this.net.elapsed(from, to);
  }

  realms(): number {
    return this.dst?.realms ?? 0;
  }

  deviceGroup(name: string): number | Unknown {
    return deviceGroup(this.net, name);
  }

  hasAddressType(ip: Ip, types: readonly AddressType[], dev?: string): Ternary {
    return hasAddressType(this.net, ip, types, dev);
  }

  reversePath(skb: Skb, options: { loose: boolean; validMark: boolean; acceptLocal: boolean }): Ternary {
    return reversePathMatches(this.net, skb, options);
  }

  setContains(name: string, directions: Directions, skb: Skb, options?: SetTestOptions): Ternary {
    return this.net.sets.test(name, { ...PLAIN, directions, skb, ...options });
  }

  changeSet(
    change: 'add' | 'del',
    name: string,
    directions: Directions,
    skb: Skb,
    options?: SetChangeOptions,
  ): void {
    this.net.sets.change(change, name, { ...PLAIN, directions, skb, ...options });
  }

  setMapping(name: string, directions: Directions, skb: Skb): SetMapping | undefined | Unknown {
    const query = { ...PLAIN, directions, skb };
    const contained = this.net.sets.test(name, query);
    return isUnknown(contained) ? contained : contained ? (query.found ?? NO_INFO) : undefined;
  }

  /** Without a route there is none. */
  get pathMtu(): ((skb: Skb) => number | Unknown) | undefined {
    const dst = this.dst;
    return dst && ((skb) => pathMtu(this.net, skb, dst));
  }

  tentatively<T>(run: () => T): T {
    return this.net.netns.ipsets?.length ? this.net.sets.tentatively(run) : run();
  }

  connections(): Iterable<Nfct> {
    return this.net.conntrack.connections(this.now);
  }

  socket(skb: Skb): SocketView | undefined | Unknown {
    return socketView(this.holder.sk ?? socketOfPacket(this.net, skb));
  }

  sysctl(name: string): string | undefined {
    return this.net.sysctl(name)?.value;
  }
}

type Directions = readonly ('src' | 'dst')[];

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
