/** udp_mt(), net/netfilter/xt_tcpudp.c */
import { lazily } from '../../base/memo.ts';
import { isUnknown, type Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, type Support, untried } from '../extension.ts';
import { LISTED_PORTS, listing } from '../listing.ts';
import { blindHeader, hotdrop, u16, upperHeader } from '../packet.ts';
import { portRange } from '../values/port.ts';
import { nativePortsHold, type PortTests, portsHold, portTest, printPorts } from '../values/ports.ts';

function define(name: string, protocol: number, native: boolean, support: Support) {
  return defineMatch({
    name,
    support,
    protocols: [protocol],
    options: {
      sport: { value: portRange, invert: true, aliases: ['source-port'] },
      dport: { value: portRange, invert: true, aliases: ['destination-port'] },
    },
    listing: () => listing(new RegExp(name), LISTED_PORTS),
    build: (args): PortTests => ({
      ...portTest('source', args.sport),
      ...portTest('destination', args.dport),
    }),
    print: (info) => [...printPorts('sport', info.source), ...printPorts('dport', info.destination)],
    match: (info, ctx) => matchPorts(info, ctx, native && ctx.backend === 'nft'),
  });
}

/** As tcp's: native in nft when there is a port. */
function matchPorts(info: PortTests, ctx: MatchContext, nft: boolean): Ternary {
  const native = nft && (info.source !== undefined || info.destination !== undefined);
  const at = native ? blindHeader(ctx, info.destination ? 4 : 2) : upperHeader(ctx, 8);
  if (at === 'fragment') return false;
  if (at === 'short') return native ? false : hotdrop(ctx);
  if (isUnknown(at)) return at;
  const { bytes } = ctx.skb;
  const holds = native ? nativePortsHold : portsHold;
  return holds(info, u16(bytes, at), u16(bytes, at + 2));
}

export const udp = lazily(() => define('udp', 17, true, DECIDED));
export const udplite = lazily(() =>
  define('udplite', 136, false, untried('iptables 1.8.9 has no such extension')),
);
