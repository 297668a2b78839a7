/** fib_validate_source(), net/ipv4/fib_frontend.c; rpfilter_lookup_reverse(), net/ipv4/netfilter/ipt_rpfilter.c and ip6t_rpfilter.c. */
import { once } from '../base/memo.ts';
import type { Ternary } from '../base/ternary.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type Fib, type FibFound, type FlowKey, fibLookup, hasCustomRules } from './fib.ts';
import type { FibAlias } from './fib-table.ts';
import { deviceOf, type Net, ownersOf } from './net.ts';
import { itagOf } from './realm.ts';
import { isMulticast } from './route.ts';

export interface SourceFault {
  readonly cause: string;
  readonly reason: string;
  readonly text: string;
  readonly sysctl?: string;
}

export interface SourceValid {
  /** The source is on the link itself, behind no gateway. */
  readonly onLink: boolean;
  /** Realms that the route back gives (fib_combine_itag()). */
  readonly itag: number;
}

export function isFault(check: SourceFault | SourceValid): check is SourceFault {
  return 'cause' in check;
}

export interface SourceCheck {
  readonly source: Ip;
  /** 0: a broadcast's or multicast's, which the check leaves out. */
  readonly destination: Ip;
  readonly tos: number;
  readonly mark: number;
  readonly protocol?: number | undefined;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
}

const UNCHECKED: SourceValid = { onLink: false, itag: 0 };

/** IPv4 only: IPv6 has no such check. `out`: where it is to be forwarded to; undefined for the host itself. */
export function validateSource(
  net: Net,
  packet: SourceCheck,
  dev: string,
  out: string | undefined,
): SourceFault | SourceValid {
  const { source } = packet;
  if (dev === 'lo' || source === 0) return UNCHECKED;
  const mode = net.confMax(4, dev, 'rp_filter');
  const redirects = out === dev && net.confMax(4, dev, 'send_redirects') !== 0;
  if (mode === 0 && !redirects && !usesRealms(net)) {
    if (net.confMax(4, dev, 'accept_local') !== 0) return UNCHECKED;
    if (!hasCustomRules(net.fib[4].rules) && !hasCustomLocalRoutes(net)) {
      return ownersOf(net, source).length > 0 ? localSource(net, source, dev) : UNCHECKED;
    }
  }
  return lookBack(net, packet, dev, out, mode);
}

/** __fib_validate_source() */
function lookBack(
  net: Net,
  packet: SourceCheck,
  dev: string,
  out: string | undefined,
  mode: number,
): SourceFault | SourceValid {
  const { source, destination } = packet;
  const flow: FlowKey = {
    destination: source,
    source: destination,
    iif: out ?? 'lo',
    firstHop: true,
    tos: packet.tos,
    mark: net.confMax(4, dev, 'src_valid_mark') !== 0 ? packet.mark : 0,
    uid: 0,
    // The addresses and the ports are those of an answer.
    ...(packet.protocol === undefined ? {} : { protocol: packet.protocol }),
    ...(packet.destinationPort === undefined ? {} : { sourcePort: packet.destinationPort }),
    ...(packet.sourcePort === undefined ? {} : { destinationPort: packet.sourcePort }),
  };
  const back = fibLookup(net.fib[4], flow);
  const failed = reversePathFault(net, source, dev, mode);
  const last = mode === 0 ? UNCHECKED : failed;
  if (back.kind === 'failed') return last;
  const { type } = back.route;
  if (type === 'local' && net.confMax(4, dev, 'accept_local') === 0) return localSource(net, source, dev);
  if (type !== 'unicast' && type !== 'local') {
    return {
      reason: 'IP_INVALID_SOURCE',
      cause: 'martian-drop',
      text: `source ${formatIp(source)} is a ${type} address`,
    };
  }
  const itag = itagOf(back);
  if (back.route.nexthops.some((nexthop) => nexthop.dev === dev)) return { onLink: isDirect(back), itag };
  if (!deviceOf(net, dev).addresses.some((entry) => typeof entry.address === 'number')) {
    return mode === 0 ? UNCHECKED : failed;
  }
  if (mode === 1) return failed;
  const here = fibLookup(net.fib[4], { ...flow, oif: dev, anyLinkState: true });
  const onLink = here.kind === 'found' && here.route.type === 'unicast' && isDirect(here);
  return { onLink, itag };
}

/** nhc_scope is RT_SCOPE_HOST or narrower: no gateway in between. */
function isDirect({ route, nexthop }: FibFound): boolean {
  return route.type === 'local' || nexthop.gateway === undefined;
}

/** fib_num_tclassid_users(): routes or rules with realms make the check a whole one. */
function usesRealms(net: Net): boolean {
  const { rules, tables } = net.fib[4];
  return rules.some(({ realms }) => realms !== undefined) || haveRealms(tables);
}

type Tables = Fib['tables'];

/** The tables are the dump's, and the same for all worlds. */
const haveRealms = once((tables: Tables): boolean =>
  someAlias(
    tables,
    ({ realms, nexthops }) => realms !== 0 || nexthops.some((nexthop) => (nexthop.realms ?? 0) !== 0),
  ),
);

/** Local routes that somebody added: own addresses alone tell too little then. */
function hasCustomLocalRoutes(net: Net): boolean {
  return haveCustomLocal(net.fib[4].tables);
}

const haveCustomLocal = once((tables: Tables): boolean =>
  someAlias(tables, ({ route }) => route.type === 'local' && !route.derived && route.protocol !== 'kernel'),
);

function someAlias(tables: Tables, test: (alias: FibAlias) => boolean): boolean {
  return [...tables.values()].some(({ levels }) =>
    levels.some(({ nodes }) => [...nodes.values()].some((aliases) => aliases.some(test))),
  );
}

function localSource(net: Net, source: Ip, dev: string): SourceFault {
  return {
    cause: 'martian-drop',
    reason: 'IP_LOCAL_SOURCE',
    text: `source ${formatIp(source)}, arriving on ${dev}, is one of ${net.name}'s own addresses`,
  };
}

function reversePathFault(net: Net, source: Ip, dev: string, mode: number): SourceFault {
  const all = net.conf(4, 'all', 'rp_filter');
  return {
    cause: 'rpf-strict-drop',
    reason: 'IP_RPFILTER',
    text:
      mode === 1
        ? `rp_filter: the route back to ${formatIp(source)} does not leave by ${dev}`
        : `rp_filter (loose): there is no route back to ${formatIp(source)}`,
    sysctl: `net.ipv4.conf.${all >= mode ? 'all' : dev}.rp_filter`,
  };
}

/** `-m rpfilter` in both families. */
export function reversePathMatches(
  net: Net,
  skb: Skb,
  options: { loose: boolean; validMark: boolean; acceptLocal: boolean },
): Ternary {
  const dev = skb.in ?? '';
  if (dev === 'lo') return true;
  const { source, destination, tos, protocol } = fieldsOf(skb);
  const mark = options.validMark ? skb.mark : 0;
  const isUnicast =
    !isMulticast(destination) && destination !== 0 && destination !== 0n && destination !== 0xffffffff;
  const back = fibLookup(net.fib[skb.family], {
    destination: source,
    ...(isUnicast ? { source: destination } : {}),
    iif: 'lo',
    tos,
    mark,
    uid: 0,
    ...(skb.family === 4
      ? { anyLinkState: true, firstHop: true }
      : {
          protocol,
          byDevice: true,
          ...(isLinkLocal(source) ? { oif: dev, bound: true } : options.loose ? {} : { oif: dev }),
        }),
  });
  if (back.kind === 'failed') return false;
  const { type } = back.route;
  if (type === 'local') {
    if (!options.acceptLocal) return false;
    if (skb.family === 6) return true;
  } else if (type !== 'unicast') return false;
  return (
    options.loose ||
    (skb.family === 4 ? back.route.nexthops.some((nexthop) => nexthop.dev === dev) : back.nexthop.dev === dev)
  );
}

function isLinkLocal(ip: Ip): boolean {
  return typeof ip === 'bigint' && ip >> 118n === 0x3fan;
}
