import { formatIp, type Ip } from '../../net/ip.ts';
import { fibLookup } from '../../netstack/fib.ts';
import { createNet, type Net } from '../../netstack/net.ts';
import type { Check } from '../check.ts';
import { dnatTargets } from '../dnat.ts';
import type { Found } from '../finding.ts';
import { nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import type { Scope } from '../scope.ts';

export const natDnatUnreachable: Check = {
  id: 'nat-dnat-unreachable',
  title: 'DNAT to an address to which there is no route',
  severity: 'error',
  why: 'The packet is routed by the new destination. Without a route for it, it is dropped right after the translation.',
  repair: 'Correct the address, or add the route.',
  silent: 'Where the routing tables were not dumped, or rules choose among tables by what is not known.',
  references: ['iptables-extensions(8): DNAT', 'net/ipv4/route.c: ip_route_input_slow()'],
  find(scope) {
    const net = routesOf(scope);
    if (!net) return [];
    return scope.rulesets.flatMap(rulesOf).flatMap((ref) => told(net, ref));
  },
};

function routesOf({ netns }: Scope): Net | undefined {
  const { partial, inferred, routes4, routes6 } = netns;
  return partial || inferred || !(routes4 ?? routes6) ? undefined : createNet(netns);
}

function told(net: Net, ref: RuleRef): Found[] {
  return dnatTargets(ref).flatMap((address): Found[] => {
    const failed = lookUp(net, address);
    if (failed === undefined) return [];
    return [
      {
        title: `${nameOfRule(ref)} translates to ${formatIp(address)}, and there is no way there`,
        explanation: `${failed} What the rule matches is dropped in the routing decision that follows.`,
        at: ref,
      },
    ];
  });
}

/** Why there is no route; undefined where there is one, or where one may not have been dumped. */
function lookUp(net: Net, destination: Ip): string | undefined {
  const result = fibLookup(net.fib[typeof destination === 'number' ? 4 : 6], {
    destination,
    iif: 'lo',
    tos: 0,
    mark: 0,
    uid: 0,
  });
  if (result.kind === 'found') return undefined;
  if (result.doubts.length > 0 || result.incomplete.length > 0) return undefined;
  if (result.route) return `The route "${result.route.text}" stops it.`;
  return 'No route of the dumped tables fits.';
}
