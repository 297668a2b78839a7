/** ip_route_input_slow(), net/ipv4/route.c; ip6_route_input(), net/ipv6/route.c. */
import type { Ip } from '../net/ip.ts';
import { formatIp } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type FibFailed, type FibFound, fibLookup } from './fib.ts';
import { forwardingOf, forwardingOff } from './forwarding.ts';
import { isLocalAddress, type Net } from './net.ts';
import { validateSource } from './reverse-path.ts';
import {
  drop,
  flowOf,
  isLoopbackIp,
  isMulticast,
  LIMITED_BROADCAST,
  martian,
  type RouteDrop,
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
  if (isMulticast(destination)) return routeMulticast4(net, destination, dev);
  if (destination === LIMITED_BROADCAST || (source === 0 && destination === 0)) {
    return deliver('broadcast', undefined, { broadcast: true });
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
  const result = fibLookup(net.fib[4], flowOf(skb, { iif: dev }));
  const forwarding = forwardingOf(net, 4, dev);
  const isLocal =
    result.kind === 'found' && (result.route.type === 'local' || result.route.type === 'broadcast');
  const onOwnLoopback = onLoopback && isLocalAddress(net, destination);
  if (!isLocal && !onOwnLoopback) {
    if (forwarding.off) return forwardingOff(net, dev, forwarding, translated, result);
    if (result.kind === 'failed') return unroutable(result, to);
  }
  const check = validateSource(
    net,
    { ...fieldsOf(skb), mark: skb.mark },
    dev,
    result.kind === 'found' ? outOf(result) : undefined,
  );
  if (check) {
    return drop('martian', {
      cause: check.cause,
      reason: check.reason,
      text: check.text,
      ...(check.sysctl === undefined ? {} : { sysctl: check.sysctl }),
    });
  }
  if (isLocal || onOwnLoopback) {
    const broadcast = result.kind === 'found' && result.route.type === 'broadcast';
    return deliver(broadcast ? 'broadcast' : 'local', result.kind === 'found' ? result : undefined, {
      broadcast,
    });
  }
  if (result.kind === 'failed') return unroutable(result, to);
  if (result.route.type !== 'unicast') {
    return martian('IP_INVALID_DEST', `destination ${to} has a route of type ${result.route.type}`);
  }
  return forward(result, destination, forwarding.assumption);
}

function outOf(found: FibFound): string | undefined {
  return found.nexthop.dev;
}

function deliver(
  decision: 'local' | 'broadcast' | 'multicast',
  found: FibFound | undefined,
  { broadcast = false, multicast = false }: { broadcast?: boolean; multicast?: boolean } = {},
): RouteResult {
  return {
    kind: 'ok',
    step: routeStep(decision, found?.route),
    destination: { kind: 'local', out: 'lo', nexthop: 0, broadcast, multicast },
    ...(found ? { found } : {}),
    assumptions: [],
    incomplete: [],
  };
}

export function forward(found: FibFound, destination: Ip, assumption: string | undefined): RouteResult {
  const { route, nexthop } = found;
  const out = nexthop.dev ?? '';
  const assumptions = [
    assumption,
    found.choices > 1
      ? `route "${route.text}" has ${found.choices} next hops; the kernel's choice is not known, the first is taken`
      : undefined,
  ].filter((text) => text !== undefined);
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
    },
    found,
    assumptions,
    incomplete: [],
  };
}

/** 224.0.0.0/24 groups are joined by whoever runs the protocol; only all-hosts is certain (ip_check_mc_rcu()). */
function routeMulticast4(net: Net, destination: number, dev: string): RouteResult {
  const allHosts = destination === 0xe0000001;
  const source = net.conf(4, 'all', 'mc_forwarding') !== 0;
  if (allHosts || source) return deliver('multicast', undefined, { multicast: true });
  return drop('multicast', {
    cause: 'route-special-type',
    reason: 'IP_INVALID_DEST',
    text: `nobody on ${dev} is known to have joined group ${formatIp(destination)}`,
  });
}

function routeInput6(net: Net, skb: Skb, dev: string, translated: boolean): RouteResult {
  const { destination } = fieldsOf(skb);
  if (typeof destination !== 'bigint') throw new Error('not IPv6');
  if (isMulticast(destination)) return routeMulticast6(net, destination, dev);
  const isLinkLocal = destination >> 118n === 0x3fan;
  const flow = flowOf(skb, { iif: dev, ...(isLinkLocal ? { oif: dev } : {}) });
  const result = fibLookup(net.fib[6], flow);
  const type = result.kind === 'found' ? result.route.type : undefined;
  if ((dev === 'lo' && isLocalAddress(net, destination)) || type === 'local' || type === 'anycast') {
    return deliver('local', result.kind === 'found' ? result : undefined);
  }
  const forwarding = forwardingOf(net, 6, dev);
  if (forwarding.off) return forwardingOff(net, dev, forwarding, translated, result);
  if (result.kind === 'failed') return unroutable6(result, formatIp(destination));
  return forward(result, destination, forwarding.assumption);
}

function unroutable6(result: FibFailed, to: string): RouteDrop {
  const found = unroutable(result, to);
  if (!found.icmp) return found;
  return { ...found, icmp: { type: 'unreachable', code: found.error === 'EACCES' ? 1 : 0 } };
}

/** ff02::1, ff01::1, the solicited-node groups of own addresses, and as a router ff02::2. */
function routeMulticast6(net: Net, destination: bigint, dev: string): RouteResult {
  const low = destination & ((1n << 112n) - 1n);
  const scope = Number((destination >> 112n) & 15n);
  const router = Number(net.sysctl('net.ipv6.conf.all.forwarding')?.value ?? 0) !== 0;
  const solicited = destination >> 24n === 0xff0200000000000000000001ffn;
  const own = [...net.devices.values()].some((device) =>
    device.addresses.some(
      ({ address }) => typeof address === 'bigint' && (address & 0xffffffn) === (destination & 0xffffffn),
    ),
  );
  const joined =
    (low === 1n && scope <= 2) ||
    (low === 2n && router && (scope === 1 || scope === 2 || scope === 5)) ||
    (solicited && own);
  if (joined) return deliver('multicast', undefined, { multicast: true });
  return drop('multicast', {
    cause: 'route-special-type',
    reason: 'IP_INADDRERRORS',
    text: `nobody on ${dev} is known to have joined group ${formatIp(destination)}`,
  });
}
