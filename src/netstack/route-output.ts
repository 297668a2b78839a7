/** ip_route_output_key_hash_rcu() and __mkroute_output(), net/ipv4/route.c; ip6_route_output_flags(), net/ipv6/route.c. */
import { formatIp, type Ip } from '../net/ip.ts';
import {
  type FibError,
  type FibFailed,
  type FibFound,
  type FibResult,
  type FlowKey,
  fibLookup,
} from './fib.ts';
import { isMember } from './membership.ts';
import { deviceOf, isLocalAddress, type Net, ownersOf } from './net.ts';
import { tclassidOf } from './realm.ts';
import {
  drop,
  isLoopbackIp,
  isMulticast,
  LIMITED_BROADCAST,
  manyPaths,
  type RouteDrop,
  type RouteResult,
  routeStep,
  unroutable,
} from './route.ts';
import { SCOPE } from './scope.ts';
import { preferredSource, selectAddress4 } from './source-address.ts';
import { selectAddress6 } from './source-address6.ts';

export interface RoutedOutput {
  readonly result: RouteResult;
  readonly source: Ip | undefined;
}

/**
 * For a packet that a process of the namespace sends. `source` undefined lets the route choose one. `asked`: as `ip route get`
 * asks, to which a source that isn't the host's is refused (as it is to all but raw and transparent sockets), and which looks
 * only once.
 */
export function routeOutput(net: Net, flow: FlowKey, asked = false): RoutedOutput {
  return typeof flow.destination === 'number'
    ? output4(net, flow, flow.destination, asked)
    : output6(net, flow, flow.destination, asked);
}

function output4(net: Net, flow: FlowKey, destination: number, asked: boolean): RoutedOutput {
  const isGroup = isMulticast(destination);
  const isLimited = destination === LIMITED_BROADCAST;
  let { source, oif } = flow;
  if (source === 0) source = undefined;
  if (source !== undefined) {
    if (isMulticast(source) || source === LIMITED_BROADCAST)
      return refused('EINVAL', `source ${formatIp(source)}`, source);
    if (asked && oif === undefined && (isGroup || isLimited)) return bySource(net, destination, source);
    if (asked && !isLocalAddress(net, source)) {
      return refused('ENETUNREACH', `source ${formatIp(source)} is nobody's here`, source);
    }
  }
  if (oif !== undefined) {
    if (!deviceOf(net, oif).up) {
      const down = { cause: 'link-down', reason: 'IP_OUTNOROUTES', text: `${oif} is down` };
      return { source, result: drop('none', { ...down, error: 'ENETUNREACH' }) };
    }
    if (isLocalGroup(destination) || isLimited || flow.protocol === IGMP) {
      source ??= selectAddress4(net, oif, undefined, SCOPE.link);
      return onLink(net, oif, destination, source);
    }
    if (source === undefined && isGroup) source = selectAddress4(net, oif, undefined, SCOPE.universe);
    else if (source === undefined && destination === 0) {
      source = selectAddress4(net, oif, undefined, SCOPE.host);
    }
  }
  if (destination === 0) {
    const to = source ?? LOOPBACK;
    return finish4(net, undefined, 'lo', typeof to === 'number' ? to : LOOPBACK, to, 'local');
  }
  const result = fibLookup(net.fib[4], withSource(flow, source));
  if (result.kind === 'failed') {
    if (oif === undefined) {
      if (source !== undefined && (isGroup || isLimited) && isLocalAddress(net, source)) {
        return bySource(net, destination, source);
      }
      return { result: unroutableOutput(net, result, destination), source };
    }
    // A device asked for is believed, whatever the tables say: the destination is taken to be on its link.
    source ??= selectAddress4(net, oif, undefined, SCOPE.link);
    return onLink(net, oif, destination, source);
  }
  if (result.route.type === 'local') {
    source ??= result.route.prefsrc ?? destination;
    return finish4(net, result, 'lo', destination, source, 'local');
  }
  const out = result.nexthop.dev ?? '';
  source ??= preferredSource(net, result, destination, out);
  return finish4(net, result, out, destination, source, result.route.type);
}

const IGMP = 2;
const LOOPBACK = 0x7f000001;
/** 224.0.0.0/24 */
const isLocalGroup = (ip: number): boolean => ip >>> 8 === 0xe00000;

function withSource(flow: FlowKey, source: Ip | undefined): FlowKey {
  const { source: _, ...rest } = flow;
  return source === undefined ? rest : { ...rest, source };
}

function onLink(net: Net, out: string, destination: number, source: Ip | undefined) {
  return finish4(net, undefined, out, destination, source, 'unicast');
}

/**
 * Groups and the limited broadcast leave by the interface that has the source, when the socket is bound to one. Whether it was
 * a packet doesn't tell, so tables are asked first.
 */
function bySource(net: Net, destination: number, source: Ip): RoutedOutput {
  const [owner] = ownersOf(net, source);
  if (!owner && !isLocalAddress(net, source)) {
    return refused('ENETUNREACH', `source ${formatIp(source)} is nobody's here`, source);
  }
  return onLink(net, owner?.name ?? 'lo', destination, source);
}

/** __mkroute_output() */
function finish4(
  net: Net,
  found: FibFound | undefined,
  out: string,
  destination: number,
  source: Ip | undefined,
  type: string,
): RoutedOutput {
  const isLoopback = deviceOf(net, out).kind === 'loopback';
  if (source !== undefined && isLoopbackIp(source) && !isLoopback) {
    if (net.confMax(4, out, 'route_localnet') === 0) {
      return {
        source,
        result: drop('martian', {
          cause: 'nat-loopback-dnat',
          reason: 'NETFILTER_DROP',
          text: `source ${formatIp(source)} may not leave by ${out}; route_localnet is 0 there`,
          sysctl: `net.ipv4.conf.${out}.route_localnet`,
          error: 'EINVAL',
          route: found?.route,
        }),
      };
    }
  }
  const multicast = isMulticast(destination);
  const broadcast = destination === LIMITED_BROADCAST || (!multicast && type === 'broadcast');
  if (!broadcast && !multicast && destination === 0) return refused('EINVAL', 'destination 0.0.0.0', source);
  if (type === 'local' && !multicast) {
    return {
      source,
      result: {
        kind: 'ok',
        step: routeStep('local', found?.route, sourced({ out: 'lo' }, source)),
        destination: {
          kind: 'output',
          out: 'lo',
          nexthop: destination,
          broadcast: false,
          multicast: false,
          ...routeFields(found),
        },
        ...(found ? { found } : {}),
        assumptions: doubtsOf(net, found),
        incomplete: [],
      },
    };
  }
  // A multicast route of the default kind has no gateway, nor has broadcast.
  const direct = broadcast || (multicast && (found?.prefixLength ?? 0) < 4);
  const joined = multicast && isMember(net, out, destination);
  const group = broadcast ? 'broadcast' : multicast ? 'multicast' : undefined;
  return {
    source,
    result: toward(net, found, { out, destination, direct, group, comesBack: broadcast || joined, source }),
  };
}

interface Toward {
  readonly out: string;
  readonly destination: Ip;
  /** Without the route's gateway. */
  readonly direct: boolean;
  readonly group: 'broadcast' | 'multicast' | undefined;
  /** A copy for the host itself (RTCF_LOCAL). */
  readonly comesBack: boolean;
  readonly source: Ip | undefined;
}

function toward(net: Net, found: FibFound | undefined, of: Toward): RouteResult {
  const { out, destination, group, source } = of;
  const gateway = of.direct ? undefined : found?.nexthop.gateway;
  return {
    kind: 'ok',
    step: routeStep(
      group ?? 'forward',
      found?.route,
      sourced({ out, ...(gateway === undefined ? {} : { via: formatIp(gateway) }) }, source),
    ),
    destination: {
      kind: 'output',
      out,
      nexthop: gateway ?? destination,
      broadcast: group === 'broadcast',
      multicast: group === 'multicast',
      comesBack: of.comesBack,
      ...(of.direct ? {} : routeFields(found)),
    },
    ...(found ? { found } : {}),
    assumptions: doubtsOf(net, found),
    incomplete: [],
  };
}

function sourced<T extends object>(step: T, source: Ip | undefined): T & { source?: string } {
  return source === undefined ? step : { ...step, source: formatIp(source) };
}

/** What later steps ask of the route: its MTU, its realms. */
function routeFields(found: FibFound | undefined) {
  if (!found) return {};
  const { mtu, mtuLocked } = found.route;
  const realms = tclassidOf(found, 0);
  return {
    ...(mtu === undefined ? {} : { mtu }),
    ...(mtuLocked ? { mtuLocked } : {}),
    ...(realms === 0 ? {} : { realms }),
  };
}

function doubtsOf(net: Net, found: FibResult | undefined): readonly string[] {
  if (!found) return [];
  const doubts = found.doubts.map((why) => `${net.name}: not known: ${why}`);
  return found.kind === 'found' ? [...doubts, ...manyPaths(net.name, found)] : doubts;
}

function refused(error: FibError, text: string, source: Ip | undefined): RoutedOutput {
  return {
    source,
    result: drop('martian', { cause: 'martian-drop', reason: 'IP_OUTNOROUTES', text, error }),
  };
}

function output6(net: Net, flow: FlowKey, destination: bigint, asked: boolean): RoutedOutput {
  let found = fibLookup(net.fib[6], flow);
  let { source } = flow;
  if (source === undefined) {
    source = sourceFor6(net, found, destination, flow.oif);
    // ip6_dst_lookup_tail(): what failed without a source may be found with one.
    if (found.kind === 'failed' && source !== undefined && !asked) {
      found = fibLookup(net.fib[6], { ...flow, source, bound: flow.oif !== undefined });
    }
  }
  if (found.kind === 'failed') return { result: unroutableOutput(net, found, destination), source };
  const { route, nexthop } = found;
  if (route.type === 'local' || route.type === 'anycast') {
    return {
      source,
      result: toward(net, found, {
        out: 'lo',
        destination,
        direct: true,
        group: undefined,
        comesBack: false,
        source,
      }),
    };
  }
  const multicast = isMulticast(destination);
  const out = nexthop.dev ?? '';
  return {
    source,
    result: toward(net, found, {
      out,
      destination,
      direct: false,
      group: multicast ? 'multicast' : undefined,
      comesBack: multicast && isMember(net, out, destination),
      source,
    }),
  };
}

function sourceFor6(
  net: Net,
  found: FibResult,
  destination: bigint,
  oif: string | undefined,
): Ip | undefined {
  if (found.kind === 'failed') return selectAddress6(net, oif ?? 'lo', destination);
  if (found.route.prefsrc !== undefined) return found.route.prefsrc;
  return selectAddress6(net, found.nexthop.dev, destination);
}

/** The sender is told by errno; nothing is sent. */
function unroutableOutput(net: Net, result: FibFailed, destination: Ip): RouteDrop {
  const to = formatIp(destination);
  const found = unroutable(result, to);
  const { icmp: _, ...rest } = found;
  if (rest.cause !== 'route-missing') return { ...rest, reason: 'IP_OUTNOROUTES' };
  const family = typeof destination === 'number' ? 4 : 6;
  const hasDefault = [...net.fib[family].tables.values()].some((table) =>
    table.levels.some(({ length }) => length === 0),
  );
  const isOwn = isLoopbackIp(destination) || ownersOf(net, destination).length > 0;
  const loDown = net.devices.get('lo')?.up === false && isOwn;
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
