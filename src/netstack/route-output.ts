/** ip_route_output_key_hash_rcu(), net/ipv4/route.c; ip6_route_output_flags(), net/ipv6/route.c. */
import type { Ip } from '../net/ip.ts';
import { formatIp } from '../net/ip.ts';
import { type FibFailed, type FibFound, type FlowKey, fibLookup } from './fib.ts';
import type { Net } from './net.ts';
import {
  drop,
  isLoopbackIp,
  isMulticast,
  LIMITED_BROADCAST,
  martian,
  type RouteDrop,
  type RouteResult,
  routeStep,
  unroutable,
} from './route.ts';
import { preferredSource } from './source-address.ts';

/** For a packet that a process of the namespace sends. `source` undefined lets the route choose one. */
export function routeOutput(
  net: Net,
  flow: FlowKey,
): { readonly result: RouteResult; readonly source: Ip | undefined } {
  const { destination } = flow;
  const family = typeof destination === 'number' ? 4 : 6;
  const to = formatIp(destination);
  const broadcast = destination === LIMITED_BROADCAST;
  const multicast = isMulticast(destination);
  const result = fibLookup(net.fib[family], flow);
  if (result.kind === 'failed') {
    if ((broadcast || multicast) && flow.oif !== undefined) {
      return {
        result: outputTo(net, flow.oif, undefined, destination, broadcast, multicast),
        source: flow.source,
      };
    }
    return { result: unroutableOutput(net, result, to), source: flow.source };
  }
  const { route, nexthop } = result;
  if (route.type === 'local') {
    const source = flow.source ?? route.prefsrc ?? destination;
    return {
      result: {
        kind: 'ok',
        step: routeStep('local', route, { out: 'lo', source: formatIp(source) }),
        destination: { kind: 'output', out: 'lo', nexthop: destination, broadcast: false, multicast: false },
        found: result,
        assumptions: [],
        incomplete: [],
      },
      source,
    };
  }
  const out = nexthop.dev ?? '';
  const source = flow.source ?? preferredSource(net, result, destination, out);
  if (source !== undefined && isLoopbackIp(source) && out !== 'lo' && family === 4) {
    if (net.confMax(4, out, 'route_localnet') === 0) {
      return {
        result: drop('martian', {
          cause: 'nat-loopback-dnat',
          reason: 'NETFILTER_DROP',
          text: `source ${formatIp(source)} may not leave by ${out}; route_localnet is 0 there`,
          sysctl: `net.ipv4.conf.${out}.route_localnet`,
          error: 'EINVAL',
          route,
        }),
        source,
      };
    }
  }
  if (destination === 0) {
    return { result: martian('IP_INVALID_DEST', 'destination 0.0.0.0'), source };
  }
  const isBroadcast = broadcast || route.type === 'broadcast';
  return { result: outputTo(net, out, result, destination, isBroadcast, multicast, source), source };
}

function outputTo(
  net: Net,
  out: string,
  found: FibFound | undefined,
  destination: Ip,
  broadcast: boolean,
  multicast: boolean,
  source?: Ip,
): RouteResult {
  const gateway = found?.nexthop.gateway;
  return {
    kind: 'ok',
    step: routeStep(broadcast ? 'broadcast' : multicast ? 'multicast' : 'forward', found?.route, {
      out,
      ...(gateway === undefined ? {} : { via: formatIp(gateway) }),
      ...(source === undefined ? {} : { source: formatIp(source) }),
    }),
    destination: { kind: 'output', out, nexthop: gateway ?? destination, broadcast, multicast },
    ...(found ? { found } : {}),
    assumptions:
      found && found.choices > 1
        ? [
            `${net.name}: route "${found.route.text}" has ${found.choices} next hops; the kernel's choice is not known, the first is taken`,
          ]
        : [],
    incomplete: [],
  };
}

/** The sender is told by errno; nothing is sent. */
function unroutableOutput(net: Net, result: FibFailed, to: string): RouteDrop {
  const found = unroutable(result, to);
  const { icmp: _, ...rest } = found;
  if (rest.cause !== 'route-missing') return { ...rest, reason: 'IP_OUTNOROUTES' };
  const family = to.includes(':') ? 6 : 4;
  const hasDefault = [...net.fib[family].tables.values()].some((table) =>
    table.lengths.some(({ length }) => length === 0),
  );
  const loDown = net.devices.get('lo')?.up === false && (to.startsWith('127.') || isOwn(net, to));
  return {
    ...rest,
    cause: loDown
      ? 'link-lo-down'
      : hasDefault
        ? 'route-missing'
        : family === 6
          ? 'v6-no-path'
          : 'route-netns-no-default',
    reason: 'IP_OUTNOROUTES',
  };
}

function isOwn(net: Net, text: string): boolean {
  return [...net.devices.values()].some((device) =>
    device.addresses.some((entry) => formatIp(entry.address) === text),
  );
}
