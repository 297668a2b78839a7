/** The kernel's list of connections without those that nothing is looked at of: in a flood it is larger than all packets together. */
import { parseIp } from '../net/ip.ts';
import type { Face } from './tally.ts';

/** Characters up to which a list is taken as it is. */
const SHORT = 1 << 17;
/** Lines beyond which the list would cost more than it tells: to have none is better than half of one. */
const MOST = 4000;

/** `text`: of `conntrack -L` or /proc/net/nf_conntrack; `isMeant`: of a line's ends. Undefined: there are too many. */
export function withoutOthers(text: string, isMeant: (face: Face) => boolean): string | undefined {
  if (text.length <= SHORT) return text;
  const lines = text.split('\n').filter((line) => {
    const faces = facesIn(line);
    return faces.length === 0 || faces.some(isMeant);
  });
  return lines.length > MOST ? undefined : lines.join('\n');
}

/** `udp 17 29 src=… dst=… sport=… dport=… src=…`: of both directions the ends. */
function facesIn(line: string): Face[] {
  const protocol = Number(/^(?:ipv[46]\s+\d+\s+)?\S+\s+(\d+)/.exec(line)?.[1]);
  const tuples = line.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g);
  return Array.from(tuples).flatMap(([, source = '', destination = '', from = '0', to = '0']) => {
    const client = parseIp(source);
    const server = parseIp(destination);
    if (client === undefined || server === undefined || Number.isNaN(protocol)) return [];
    return [
      {
        protocol,
        client: { address: client, port: Number(from) },
        server: { address: server, port: Number(to) },
      },
    ];
  });
}
