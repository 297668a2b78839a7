/** ip_route_me_harder(), net/ipv4/netfilter.c, and ip6_route_me_harder(), net/ipv6/netfilter.c: another routing decision after OUTPUT changed what the first one looked at. */

import { fieldsOf } from '../skb/fields.ts';
import { flowOf, isLinkLocal, isMulticast } from './route.ts';
import { routeOutput } from './route-output.ts';
import { addStep, type Copy, endCopy, hopOf, type Run } from './run.ts';

export function rerouteOutput(run: Run, copy: Copy): boolean {
  const { net, skb } = copy;
  const { destination } = fieldsOf(skb);
  // Link-local addresses and groups of IPv6 are looked for on the interface that was chosen before.
  const isStrict = typeof destination === 'bigint' && (isLinkLocal(destination) || isMulticast(destination));
  const oif = isStrict ? copy.dst?.out : undefined;
  const { result } = routeOutput(net, flowOf(skb, { iif: 'lo', ...(oif === undefined ? {} : { oif }) }));
  if (result.kind === 'drop') {
    addStep(run, copy, result.step);
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: result.cause,
      reason: 'NETFILTER_DROP',
      text: `routed again after OUTPUT: ${result.text}`,
      ...(result.sysctl === undefined ? {} : { sysctl: result.sysctl }),
      ...(result.step.route === undefined ? {} : { route: result.step.route }),
    });
    return false;
  }
  addStep(run, copy, result.step);
  copy.dst = result.destination;
  const hop = hopOf(run, copy);
  hop.out = result.destination.out;
  for (const text of result.assumptions) run.assumptions.add(text);
  return true;
}
