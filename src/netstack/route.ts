/** What a routing decision is (struct rtable), and what both directions share. */
import type { Route } from '../dump/records.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type FibError, type FibFailed, type FibFound, type FlowKey, tableName } from './fib.ts';
import type { Step } from './hop.ts';
import type { Destination } from './run.ts';

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
  /** IPv6 finds the route before anybody asks whether the host forwards (ip6_forward()). */
  readonly unforwarded?: Destination;
  readonly incomplete: readonly string[];
}

export interface RouteFound {
  readonly kind: 'ok';
  readonly step: RouteStep;
  readonly destination: Destination;
  readonly found?: FibFound;
  /** Settings that weren't dumped and decided. */
  readonly assumptions: readonly string[];
  readonly incomplete: readonly string[];
}

export type RouteResult = RouteFound | RouteDrop;

export const LIMITED_BROADCAST = 0xffffffff;

export const isMulticast = (ip: Ip): boolean =>
  typeof ip === 'number' ? ip >>> 28 === 14 : ip >> 120n === 0xffn;

/** fe80::/10 */
export const isLinkLocal = (ip: Ip): boolean => typeof ip === 'bigint' && ip >> 118n === 0x3fan;

export const isLoopbackIp = (ip: Ip): boolean => (typeof ip === 'number' ? ip >>> 24 === 127 : ip === 1n);

/** `input`: it arrived on `iif`; else it is sent, and no packet is hashed but its addresses and ports. */
export function flowOf(
  skb: Skb,
  of: { readonly iif: string; readonly oif?: string; readonly input?: boolean; readonly uid?: number },
): FlowKey {
  const { source, destination, tos, protocol, sourcePort, destinationPort } = fieldsOf(skb);
  return {
    destination,
    source,
    iif: of.iif,
    ...(of.oif === undefined ? {} : { oif: of.oif }),
    tos,
    mark: skb.mark,
    protocol,
    ...(of.input ? { packet: skb, input: true } : {}),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...uidOf(of.uid ?? (of.input ? 0 : skb.owner?.uid)),
  };
}

const uidOf = (uid: number | undefined): { uid?: number } => (uid === undefined ? {} : { uid });

/** A route of several next hops whose hash isn't known. */
export function manyPaths(name: string, { route, possible }: FibFound): string[] {
  if (possible.length < 2) return [];
  const ways = possible.map(({ dev, gateway }) =>
    [gateway === undefined ? undefined : `via ${formatIp(gateway)}`, dev && `dev ${dev}`]
      .filter((word) => word !== undefined)
      .join(' '),
  );
  return [
    `${name}: which next hop of route "${route.text}" the kernel's hash gives is not known (its seed is drawn at boot); ${ways[0]} is taken, it may be ${ways.slice(1).join(' or ')}`,
  ];
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

export function drop(
  decision: RouteStep['decision'],
  of: Omit<RouteDrop, 'kind' | 'step' | 'incomplete'> & {
    readonly route?: Route | undefined;
    readonly incomplete?: readonly string[];
  },
): RouteDrop {
  const { route, incomplete = [], ...rest } = of;
  return { kind: 'drop', step: routeStep(decision, route), incomplete, ...rest };
}

export function martian(reason: string, text: string, cause = 'martian-drop', sysctl?: string): RouteDrop {
  return drop('martian', { cause, reason, text, ...(sysctl === undefined ? {} : { sysctl }) });
}

/** fib_lookup() failed for a packet to be forwarded: ip_error() says so to the sender, except for a blackhole. */
export function unroutable(result: FibFailed, to: string): RouteDrop {
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
