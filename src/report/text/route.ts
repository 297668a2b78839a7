import { printable } from '../../base/printable.ts';
import { parseIpv4 } from '../../net/ip.ts';
import type { Step } from '../../netstack/hop.ts';

export type RouteStep = Extract<Step, { kind: 'route' }>;

/** The route a packet takes, whatever its dump looked like: `default via 10.0.0.1 dev eth0`. */
export function routeText(step: RouteStep): string {
  const { route, via, out, table } = step;
  const beyond =
    table === undefined || table === 'main' || table === 'local' ? '' : ` (table ${printable(table)})`;
  if (route === undefined) {
    return `${via === undefined ? 'on the link' : `via ${printable(via)}`} dev ${printable(out ?? '?')}${beyond}`;
  }
  const legacy = /^(\S+)\s+(\S+)\s+(\d+\.\d+\.\d+\.\d+)\s+[A-Z!]/.exec(route);
  if (legacy) {
    const gateway = via === undefined ? '' : ` via ${printable(via)}`;
    return `${networkText(legacy[1] ?? '', legacy[3] ?? '')}${gateway} dev ${printable(out ?? '?')}${beyond}`;
  }
  return `${printable(route.replace(/^unicast /, '').replace(/ (table main|proto \S+|scope \S+)(?= |$)/g, ''))}${beyond}`;
}

/** Destination and genmask of `route -n`. */
function networkText(destination: string, mask: string): string {
  const bits = parseIpv4(mask)?.toString(2).replaceAll('0', '').length;
  if (bits === 0) return 'default';
  return bits === undefined ? printable(destination) : `${printable(destination)}/${bits}`;
}
