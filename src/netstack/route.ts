/** ip_route_input_slow() and ip_route_output_key_hash_rcu(), net/ipv4/route.c; their IPv6 counterparts in net/ipv6/route.c. */
import type { Route } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import { formatIp } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type FibError, type FibFailed, type FibFound, type FlowKey, fibLookup, tableName } from './fib.ts';
import type { Step } from './hop.ts';
import { isLocalAddress, type Net } from './net.ts';
import { validateSource } from './reverse-path.ts';
import type { Destination } from './run.ts';
import { preferredSource } from './source-address.ts';

export type RouteStep = Extract<Step, { kind: 'route' }>;

/** Why a routing decision drops a packet, in the kernel's terms; causes of the catalogue are the caller's. */
export interface RouteDrop {
  readonly kind: 'drop';
  readonly step: RouteStep;
  readonly cause: string;
  readonly reason: string;
  readonly text: string;
  readonly sysctl?: string;
  /** What the sender or the source is told: an errno, and for arriving packets an ICMP. */
  readonly error?: FibError | undefined;
  readonly icmp?: { readonly type: 'unreachable'; readonly code: number } | undefined;
  readonly incomplete: readonly string[];
}

export type RouteResult =
  | {
      readonly kind: 'ok';
      readonly step: RouteStep;
      readonly destination: Destination;
      readonly found?: FibFound;
      /** Settings that weren't dumped and decided. */
      readonly assumptions: readonly string[];
      readonly incomplete: readonly string[];
    }
  | RouteDrop;

const LIMITED_BROADCAST = 0xffffffff;
export const isMulticast = (ip: Ip): boolean =>
  typeof ip === 'number' ? ip >>> 28 === 14 : ip >> 120n === 0xffn;
export const isLoopbackIp = (ip: Ip): boolean => (typeof ip === 'number' ? ip >>> 24 === 127 : ip === 1n);

export function flowOf(skb: Skb, of: { readonly iif: string; readonly oif?: string }): FlowKey {
  const { source, destination, tos, protocol, sourcePort, destinationPort } = fieldsOf(skb);
  return {
    destination,
    source,
    iif: of.iif,
    ...(of.oif === undefined ? {} : { oif: of.oif }),
    tos,
    mark: skb.mark,
    protocol,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(skb.owner?.uid === undefined ? {} : { uid: skb.owner.uid }),
  };
}

export function routeStep(
  decision: RouteStep['decision'],
  route?: Route,
  more: Partial<Pick<RouteStep, 'out' | 'via' | 'source'>> = {},
): RouteStep {
  return {
    kind: 'route',
    decision,
    ...(route
      ? { table: tableName(route.table), route: route.text, line: route.span.line, path: route.span.path }
      : {}),
    ...more,
  };
}

function drop(
  decision: RouteStep['decision'],
  of: Omit<RouteDrop, 'kind' | 'step' | 'incomplete'> & {
    readonly route?: Route | undefined;
    readonly incomplete?: readonly string[];
  },
): RouteDrop {
  const { route, incomplete = [], ...rest } = of;
  return { kind: 'drop', step: routeStep(decision, route), incomplete, ...rest };
}

function martian(reason: string, text: string, cause = 'martian-drop', sysctl?: string): RouteDrop {
  return drop('martian', { cause, reason, text, ...(sysctl === undefined ? {} : { sysctl }) });
}

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

function forward(found: FibFound, destination: Ip, assumption: string | undefined): RouteResult {
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

interface Forwarding {
  readonly off: boolean;
  readonly sysctl: string;
  /** The setting is not off for all, but for this interface. */
  readonly perInterface: boolean;
  readonly assumption?: string;
}

/** IN_DEV_FORWARD of the incoming interface; for IPv6 that of `all` alone counts. */
function forwardingOf(net: Net, family: 4 | 6, dev: string): Forwarding {
  const all = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  const own = `net.ipv4.conf.${dev.replaceAll('.', '/')}.forwarding`;
  const general = net.sysctl(all);
  const particular = family === 4 ? net.sysctl(own) : general;
  const decisive = particular ?? general;
  if (
    decisive === undefined ||
    (decisive.assumed !== undefined && (general?.assumed ?? undefined) !== undefined)
  ) {
    const off = !routesForOthers(net, family);
    return {
      off,
      sysctl: all,
      perInterface: false,
      assumption: `${net.name}: ${all} was not dumped; taken as ${off ? 0 : 1}`,
    };
  }
  const off = Number(decisive.value) === 0;
  const perInterface = family === 4 && off && Number(general?.value ?? 0) !== 0;
  return { off, sysctl: perInterface ? own : all, perInterface };
}

/** Without the setting: does the namespace look like a router? It has two links besides lo, or rules that serve one. */
function routesForOthers(net: Net, family: 4 | 6): boolean {
  const wired = [...net.devices.values()].filter(
    (device) => device.kind !== 'loopback' && device.bridge === undefined,
  );
  const tables = net.tables[family];
  return (
    wired.length > 1 ||
    tables.nat.POSTROUTING.some((base) => base.chain.rules.length > 0) ||
    tables.nat.PREROUTING.some((base) => base.chain.rules.length > 0)
  );
}

function forwardingOff(
  net: Net,
  dev: string,
  forwarding: Forwarding,
  translated: boolean,
  result: FibFound | FibFailed,
): RouteDrop {
  const cause = forwarding.perInterface
    ? 'fwd-iface-forwarding-off'
    : translated
      ? 'fwd-ip-forward-off-dnat'
      : net.fib[4].family === 4 && forwarding.sysctl.startsWith('net.ipv6')
        ? 'v6-forwarding-off'
        : 'fwd-ip-forward-off';
  return drop('none', {
    cause,
    reason: 'IP_INADDRERRORS',
    text: `${forwarding.sysctl} is 0: ${net.name} forwards nothing that arrives on ${dev}`,
    sysctl: forwarding.sysctl,
    error: 'EHOSTUNREACH',
    route: result.kind === 'found' ? result.route : undefined,
  });
}

/** fib_lookup() failed for a packet to be forwarded: ip_error() says so to the sender, except for a blackhole. */
function unroutable(result: FibFailed, to: string): RouteDrop {
  const { route, rule, error } = result;
  const text = route?.text ?? (rule ? `ip rule ${rule.text}` : undefined);
  switch (error) {
    case 'EINVAL':
      return drop('blackhole', {
        cause: 'route-special-type',
        reason: 'IP_INNOROUTES',
        text: `blackhole: ${text}`,
        error,
        route,
      });
    case 'EACCES':
      return drop('prohibit', {
        cause: 'route-special-type',
        reason: 'IP_INNOROUTES',
        text: `prohibited: ${text}`,
        error,
        route,
        icmp: { type: 'unreachable', code: 13 },
      });
    case 'EHOSTUNREACH':
      return drop('unreachable', {
        cause: 'route-special-type',
        reason: 'IP_INNOROUTES',
        text: `unreachable: ${text}`,
        error,
        route,
        icmp: { type: 'unreachable', code: 1 },
      });
    case 'ENETUNREACH':
      return rule
        ? drop('unreachable', {
            cause: 'route-special-type',
            reason: 'IP_INNOROUTES',
            text: `unreachable: ${text}`,
            error,
            icmp: { type: 'unreachable', code: 0 },
          })
        : drop('none', {
            cause: 'route-missing',
            reason: 'IP_INNOROUTES',
            text: `no route to ${to}`,
            error,
            icmp: { type: 'unreachable', code: 0 },
            incomplete: result.incomplete,
          });
  }
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
