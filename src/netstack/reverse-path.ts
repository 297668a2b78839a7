/** fib_validate_source(), net/ipv4/fib_frontend.c; rpfilter_lookup_reverse(), net/ipv4/netfilter/ipt_rpfilter.c. */
import type { Ternary } from '../base/ternary.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { type FlowKey, fibLookup, tableName } from './fib.ts';
import { deviceOf, type Net, ownersOf } from './net.ts';

export interface SourceFault {
  readonly cause: string;
  readonly reason: string;
  readonly text: string;
  readonly sysctl?: string;
}

/** Undefined when the source is fine. IPv4 only: IPv6 has no such check. */
export function validateSource(
  net: Net,
  packet: { readonly source: Ip; readonly destination: Ip; readonly tos: number; readonly mark: number },
  dev: string,
  out: string | undefined,
): SourceFault | undefined {
  const { source, destination, tos } = packet;
  if (dev === 'lo' || source === 0) return undefined;
  const mode = net.confMax(4, dev, 'rp_filter');
  const acceptLocal = net.confMax(4, dev, 'accept_local') !== 0;
  const backOut = out === dev && net.confMax(4, dev, 'send_redirects') !== 0;
  if (mode === 0 && !backOut) {
    if (acceptLocal) return undefined;
    if (!isPolicyRouted(net)) {
      return ownersOf(net, source).length > 0 ? localSource(net, source, dev) : undefined;
    }
  }
  const useMark = net.confMax(4, dev, 'src_valid_mark') !== 0;
  const flow: FlowKey = {
    destination: source,
    source: destination,
    iif: dev,
    tos,
    mark: useMark ? packet.mark : 0,
  };
  const asked: FlowKey = { ...flow, iif: 'lo' };
  const back = fibLookup(net.fib[4], asked);
  const failed = reversePathFault(net, source, dev, mode);
  if (back.kind === 'failed') return mode === 0 ? undefined : failed;
  if (back.route.type === 'local' && !acceptLocal) return localSource(net, source, dev);
  if (back.route.type !== 'unicast' && back.route.type !== 'local') {
    return {
      ...failed,
      reason: 'IP_INVALID_SOURCE',
      cause: 'martian-drop',
      text: `source ${formatIp(source)} is a ${back.route.type} address`,
    };
  }
  if (back.route.nexthops.some((nexthop) => nexthop.dev === dev)) return undefined;
  if (!deviceOf(net, dev).addresses.some((entry) => typeof entry.address === 'number')) {
    return mode === 0 ? undefined : failed;
  }
  if (mode === 1) return failed;
  const here = fibLookup(net.fib[4], { ...asked, oif: dev });
  if (here.kind === 'found' && here.route.type === 'unicast') return undefined;
  return undefined;
}

function localSource(net: Net, source: number | bigint, dev: string): SourceFault {
  return {
    cause: 'martian-drop',
    reason: 'IP_LOCAL_SOURCE',
    text: `source ${formatIp(source)}, arriving on ${dev}, is one of ${net.name}'s own addresses`,
  };
}

function reversePathFault(net: Net, source: number | bigint, dev: string, mode: number): SourceFault {
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

/** fib4_has_custom_rules(): the quick look at own addresses isn't enough then. */
function isPolicyRouted(net: Net): boolean {
  return net.fib[4].rules.some(
    ({ priority, action }) =>
      action.kind !== 'lookup' || DEFAULT_RULES.get(priority) !== tableName(action.table),
  );
}

const DEFAULT_RULES: ReadonlyMap<number, string> = new Map([
  [0, 'local'],
  [32766, 'main'],
  [32767, 'default'],
]);

/** `-m rpfilter` in both families. */
export function reversePathMatches(
  net: Net,
  skb: Skb,
  options: { loose: boolean; validMark: boolean; acceptLocal: boolean },
): Ternary {
  const dev = skb.in ?? '';
  if (dev === 'lo') return true;
  const { source, destination, tos } = fieldsOf(skb);
  if (skb.family === 4 && source === 0) return true;
  const back = fibLookup(net.fib[skb.family], {
    destination: source,
    source: destination,
    iif: 'lo',
    tos,
    mark: options.validMark ? skb.mark : 0,
  });
  if (back.kind === 'failed') return false;
  if (back.route.type !== 'unicast' && !(back.route.type === 'local' && options.acceptLocal)) return false;
  return options.loose || back.route.nexthops.some((nexthop) => nexthop.dev === dev);
}
