/** ip_route_input_slow(), net/ipv4/route.c; ip6_route_input(), net/ipv6/route.c. */
import type { Ip } from '../net/ip.ts';
import { formatIp } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type FibFailed, type FibFound, type FibResult, fibLookup } from './fib.ts';
import { forwardingOf, forwardingOff } from './forwarding.ts';
import { isMember } from './membership.ts';
import { deviceOf, isLocalAddress, type Net } from './net.ts';
import { tclassidOf } from './realm.ts';
import { isFault, type SourceFault, type SourceValid, validateSource } from './reverse-path.ts';
import {
  drop,
  flowOf,
  isLoopbackIp,
  isMulticast,
  LIMITED_BROADCAST,
  manyPaths,
  martian,
  type RouteDrop,
  type RouteFound,
  type RouteResult,
  routeStep,
  unroutable,
} from './route.ts';

/** For a packet that arrived on `dev`. `translated`: destination NAT was applied before. */
export function routeInput(net: Net, skb: Skb, dev: string, translated: boolean): RouteResult {
  return skb.family === 4 ? routeInput4(net, skb, dev, translated) : routeInput6(net, skb, dev, translated);
}

function routeInput4(net: Net, skb: Skb, dev: string, translated: boolean): RouteResult {
  const { source, destination } = fieldsOf(skb);
  if (typeof source !== 'number' || typeof destination !== 'number') throw new Error('not IPv4');
  const from = formatIp(source);
  const to = formatIp(destination);
  if (isMulticast(source) || source === LIMITED_BROADCAST) {
    return martian('IP_INVALID_SOURCE', `source ${from} can't be a host's`);
  }
  const localnet = net.confMax(4, dev, 'route_localnet') !== 0;
  const onLoopback = dev === 'lo';
  if (isMulticast(destination)) return routeMulticast4(net, skb, destination, dev);
  if (destination === LIMITED_BROADCAST || (source === 0 && destination === 0)) {
    return broadcastInput(net, skb, dev, undefined);
  }
  if (source === 0) return martian('IP_INVALID_SOURCE', 'source 0.0.0.0');
  if (destination === 0) return martian('IP_INVALID_DEST', 'destination 0.0.0.0');
  if (!onLoopback && !localnet && isLoopbackIp(destination)) {
    return martian(
      'IP_LOCALNET',
      `destination ${to} arrived on ${dev}; route_localnet is 0 there`,
      translated ? 'nat-dnat-to-localhost' : 'martian-drop',
      `net.ipv4.conf.${dev}.route_localnet`,
    );
  }
  if (!onLoopback && !localnet && isLoopbackIp(source)) {
    return martian('IP_LOCALNET', `source ${from} arrived on ${dev}`);
  }
  const result = fibLookup(net.fib[4], flowOf(skb, { iif: dev, input: true }));
  const type = result.kind === 'found' ? result.route.type : undefined;
  const onOwnLoopback = onLoopback && isLocalAddress(net, destination);
  if (type === 'broadcast') return broadcastInput(net, skb, dev, result);
  if (type === 'local' || onOwnLoopback) {
    const check = validateSource(net, packetOf(skb, destination), dev, undefined);
    if (isFault(check)) return refuseSource(check);
    const found = result.kind === 'found' ? result : undefined;
    return deliver('local', found, { realms: tagged(found, check) });
  }
  const forwarding = forwardingOf(net, 4, dev);
  if (forwarding.off) return forwardingOff(net, dev, forwarding, translated, result);
  if (result.kind === 'failed') return unroutable(result, to);
  if (result.route.type !== 'unicast') {
    return martian('IP_INVALID_DEST', `destination ${to} has a route of type ${result.route.type}`);
  }
  const out = result.nexthop.dev;
  const check = validateSource(net, packetOf(skb, destination), dev, out);
  if (isFault(check)) return refuseSource(check);
  return forward(net, result, destination, forwarding.assumption, {
    realms: tclassidOf(result, check.itag),
    redirects: out === dev && check.onLink && mayRedirectOn(net, dev, source, result.nexthop.gateway),
  });
}

function packetOf(skb: Skb, destination: number) {
  const { source, tos, protocol, sourcePort, destinationPort } = fieldsOf(skb);
  return { source, destination, tos, mark: skb.mark, protocol, sourcePort, destinationPort };
}

function tagged(found: FibFound | undefined, { itag }: SourceValid): number {
  return found ? itag : 0;
}

function refuseSource(fault: SourceFault): RouteDrop {
  const { cause, reason, text, sysctl } = fault;
  return drop('martian', { cause, reason, text, ...(sysctl === undefined ? {} : { sysctl }) });
}

/** brd_input: the source is looked at as if nothing were known of the destination. */
function broadcastInput(net: Net, skb: Skb, dev: string, result: FibResult | undefined): RouteResult {
  const found = result?.kind === 'found' ? result : undefined;
  if (fieldsOf(skb).source === 0) return deliver('broadcast', found, { broadcast: true });
  const check = validateSource(net, packetOf(skb, 0), dev, undefined);
  if (isFault(check)) return refuseSource(check);
  return deliver('broadcast', found, { broadcast: true, realms: check.itag });
}

/** __mkroute_input(): the sender and the next hop are on one link, or it is said to be one medium. */
function mayRedirectOn(net: Net, dev: string, source: number, gateway: Ip | undefined): boolean {
  if (net.confMax(4, dev, 'send_redirects') === 0) return false;
  if (net.confMax(4, dev, 'shared_media') !== 0) return true;
  // inet_addr_onlink(): one subnet of the interface holds both.
  return deviceOf(net, dev).addresses.some(({ address, peer, length }) => {
    const network = networkOf(peer ?? address, length);
    return contains(network, source) && (typeof gateway !== 'number' || contains(network, gateway));
  });
}

function deliver(
  decision: 'local' | 'broadcast' | 'multicast',
  found: FibFound | undefined,
  {
    broadcast = false,
    multicast = false,
    realms = 0,
  }: { broadcast?: boolean; multicast?: boolean; realms?: number } = {},
): RouteResult {
  return {
    kind: 'ok',
    step: routeStep(decision, found?.route),
    destination: {
      kind: 'local',
      out: 'lo',
      nexthop: 0,
      broadcast,
      multicast,
      ...(realms === 0 ? {} : { realms }),
    },
    ...(found ? { found } : {}),
    assumptions: [],
    incomplete: [],
  };
}

function forward(
  net: Net,
  found: FibFound,
  destination: Ip,
  assumption: string | undefined,
  { realms, redirects }: { readonly realms: number; readonly redirects: boolean },
): RouteFound {
  const { route, nexthop } = found;
  const out = nexthop.dev ?? '';
  return {
    kind: 'ok',
    step: routeStep('forward', route, {
      out,
      ...(nexthop.gateway === undefined ? {} : { via: formatIp(nexthop.gateway) }),
    }),
    destination: {
      kind: 'forward',
      out,
      nexthop: nexthop.gateway ?? destination,
      broadcast: false,
      multicast: isMulticast(destination),
      ...(route.mtu === undefined ? {} : { mtu: route.mtu }),
      ...(route.mtuLocked ? { mtuLocked: true } : {}),
      ...(realms === 0 ? {} : { realms }),
      ...(redirects ? { redirects } : {}),
    },
    found,
    assumptions: [...(assumption === undefined ? [] : [assumption]), ...manyPaths(net.name, found)],
    incomplete: [],
  };
}

/** ip_route_input_mc(); groups that programs joined aren't dumped. */
function routeMulticast4(net: Net, skb: Skb, destination: number, dev: string): RouteResult {
  const { source, protocol } = fieldsOf(skb);
  const isLocalGroup = destination >>> 8 === 0xe00000;
  const routed =
    net.conf(4, 'all', 'mc_forwarding') !== 0 && net.conf(4, dev, 'mc_forwarding') !== 0 && !isLocalGroup;
  if (!isMember(net, dev, destination) && !routed) {
    return drop('multicast', {
      cause: 'route-special-type',
      reason: 'IP_INVALID_DEST',
      text: `nobody on ${dev} is known to have joined group ${formatIp(destination)}`,
    });
  }
  if (isLoopbackIp(source) && net.confMax(4, dev, 'route_localnet') === 0) {
    return martian('IP_LOCALNET', `source ${formatIp(source)} arrived on ${dev}`);
  }
  if (source === 0) {
    if (!isLocalGroup && protocol !== IGMP) return martian('IP_INVALID_SOURCE', 'source 0.0.0.0');
    return deliver('multicast', undefined, { multicast: true });
  }
  const check = validateSource(net, packetOf(skb, 0), dev, undefined);
  if (isFault(check)) return refuseSource(check);
  return deliver('multicast', undefined, { multicast: true, realms: check.itag });
}

const IGMP = 2;

function routeInput6(net: Net, skb: Skb, dev: string, translated: boolean): RouteResult {
  const { destination } = fieldsOf(skb);
  if (typeof destination !== 'bigint') throw new Error('not IPv6');
  const result = fibLookup(net.fib[6], flowOf(skb, { iif: dev, input: true }));
  if (isMulticast(destination)) {
    // Groups have routes in table local, which rules may keep them from; of a device without addresses none is known.
    const isKnown = net.devices.get(dev)?.addresses.some(({ address }) => typeof address === 'bigint');
    if (result.kind === 'failed' && (result.rule || isKnown)) return unroutable6(result, destination);
    if (result.kind === 'found' && !isMulticast(result.route.destination.address))
      return drop('multicast', {
        cause: 'route-special-type',
        reason: 'NOT_SPECIFIED',
        text: `group ${formatIp(destination)} has no route but \`${result.route.text}\`, by which packets for groups are not forwarded`,
      });
    return routeMulticast6(net, destination, dev);
  }
  const found = result.kind === 'found' ? result : undefined;
  const type = found?.route.type;
  if ((dev === 'lo' && isLocalAddress(net, destination)) || type === 'local' || type === 'anycast') {
    return deliver('local', found);
  }
  // ip6_pkt_drop() says so whether the host forwards or not.
  if (result.kind === 'failed') return unroutable6(result, destination);
  const forwarding = forwardingOf(net, 6, dev);
  const redirects = result.nexthop.dev === dev;
  const forwarded = forward(net, result, destination, forwarding.assumption, { realms: 0, redirects });
  if (!forwarding.off) return forwarded;
  return {
    ...forwardingOff(net, dev, forwarding, translated, result),
    unforwarded: forwarded.destination,
  };
}

function unroutable6(result: FibFailed, destination: bigint): RouteDrop {
  const found = unroutable(result, formatIp(destination));
  if (!found.icmp) return found;
  const { icmp: _, ...silent } = found;
  if (destination === 0n) return { ...silent, reason: 'IP_INADDRERRORS' };
  return { ...found, icmp: { type: 'unreachable', code: found.error === 'EACCES' ? 1 : 0 } };
}

/** ip6_mc_input() */
function routeMulticast6(net: Net, destination: bigint, dev: string): RouteResult {
  if (isMember(net, dev, destination)) return deliver('multicast', undefined, { multicast: true });
  return drop('multicast', {
    cause: 'route-special-type',
    reason: 'IP_INADDRERRORS',
    text: `nobody on ${dev} is known to have joined group ${formatIp(destination)}`,
  });
}
