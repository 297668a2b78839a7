/** tcpmss_reverse_mtu(), net/netfilter/xt_TCPMSS.c; get_tcpmss(), net/netfilter/nft_rt.c. */
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { mtuToward } from './mtu.ts';
import type { Net } from './net.ts';
import { routeOutput } from './route-output.ts';
import type { Destination } from './run.ts';

/** The smaller of the MTUs of the packet's route and of the namespace's own route back to its source, where there is one. */
export function pathMtu(net: Net, skb: Skb, dst: Destination): number {
  const there = mtuToward(net, dst, skb.family);
  const { result } = routeOutput(net, { destination: fieldsOf(skb).source, iif: 'lo', tos: 0, mark: 0 });
  return result.kind === 'drop' ? there : Math.min(there, mtuToward(net, result.destination, skb.family));
}
