import { neighboursOf } from '../../correlate/owner.ts';
import type { IpRule, Route } from '../../dump/records.ts';
import { type Ip, parseIp } from '../../net/ip.ts';
import { contains, formatPrefix, networkOf } from '../../net/prefix.ts';
import type { Step, Trace } from '../../netstack/hop.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { ipOf, nameOf, outInterface } from '../words.ts';

/** fib_rules_lookup(): the first rule that matches decides the table, net/core/fib_rules.c */
export const routePolicyHijack: Cause = {
  id: 'route-policy-hijack',
  title: 'A routing rule sends it another way',
  severity: 'error',
  page: () => ({
    symptom: 'Container traffic dies when a VPN or a policy route comes up; the main table looks right.',
    mechanism:
      'ip rules are asked in the order of their priority, and the first table that has a route decides. A rule before "lookup main" takes away what main would have delivered to a bridge.',
    check: 'ip rule; ip route show table N; ip route get ADDRESS from SOURCE iif IFACE',
    proof:
      'The packet for a subnet of the host leaves by the interface of another table, and ip rule has an entry before "lookup main" that leads there; nothing is on the bridge.',
    refutation:
      'The packet on the bridge, or a route get with source, mark and incoming interface of the packet that ends in main.',
    settledBy: ['ip rule', 'ip route show table all', 'ip route get ADDRESS from SOURCE iif IFACE mark MARK'],
    repair:
      'Put a rule for the inner subnets in front (ip rule add pref N to SUBNET lookup main), or have the VPN leave them out.',
    references: ['net/core/fib_rules.c: fib_rules_lookup()', 'ip-rule(8)', 'tailscale/tailscale#13367'],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || !kase.prediction) return undefined;
    const { there, back } = kase.prediction;
    const strayed = (back && strayOf(kase, back, 'answer')) ?? strayOf(kase, there, 'request');
    if (!strayed) return undefined;
    const { step, namespace, what, home, wanted, ends } = strayed;
    const where = nameOf(kase, namespace);
    const rule = ruleFor(kase, namespace, step.table ?? '');
    const out = `${namespace}:${step.out ?? '?'}`;
    const seen = kase.flow.legs.find((leg) => {
      const point = kase.correlation.points[leg.point];
      return point?.namespace === namespace && point.interface === step.out;
    });
    const sighting = seen?.[what === 'answer' ? 'reply' : 'forward'].kept[0];
    const prefix = formatPrefix(home);
    return {
      confidence: sighting ? 0.96 : ends ? 0.93 : 0.8,
      title: `${where} routes the ${what} by table ${step.table} out of ${step.out}, not to ${wanted}`,
      explanation:
        `The ${what} is for ${prefix}, which is on ${wanted} of ${where}, and the main table says so. But ${rule ? `the rule "${rule.text}" comes first, and ` : ''}table ${step.table} has the route "${step.route ?? 'default'}", so ` +
        `the packet leaves by ${step.out} and is lost there.${what === 'answer' ? ' The request went out another way, since the rule does not select it.' : ''}`,
      namespace,
      ...(step.out !== undefined && { interface: step.out }),
      route: `table ${step.table}: ${step.route ?? ''}`,
      status: 'no-reply',
      evidence: [
        ...(sighting
          ? [seenAt(kase, sighting, `the ${what} ${describeSighting(sighting)} leaves on ${out}`)]
          : []),
        ...(rule ? [{ path: rule.span.path, line: rule.span.line, text: `ip rule ${rule.text}` }] : []),
        ...(step.path !== undefined && step.line !== undefined
          ? [{ path: step.path, line: step.line, text: `route ${step.route} (table ${step.table})` }]
          : []),
      ],
      fix: [
        {
          namespace,
          text: `${ipOf(kase)} rule add pref ${Math.max(1, (rule?.priority ?? 100) - 1)} to ${prefix} lookup main`,
        },
      ],
    };
  },
};

/** A packet for a subnet that is on a device of the router, sent elsewhere by a table that a rule chose. */
function strayOf(kase: Case, trace: Trace, what: 'request' | 'answer') {
  const hop = trace.hops.find((candidate) => candidate.steps.some(isPolicyRoute));
  const step = hop?.steps.find(isPolicyRoute);
  const destination = parseIp(trace.final.destination);
  if (!hop || !step || destination === undefined) return undefined;
  const near = neighboursOf(kase.snapshot, destination).find(({ netns }) => netns.name === hop.namespace);
  const route = near ? undefined : routeInMain(kase, hop.namespace, destination);
  const wanted = near?.link.name ?? route?.nexthops[0]?.dev;
  if (wanted === undefined || wanted === step.out) return undefined;
  const home = near ? networkOf(destination, near.length) : (route as Route).destination;
  // It doesn't even leave by it: what that way is the end of is the rule's doing.
  const ends = trace.cause === 'neigh-failed' && outInterface(trace) === step.out;
  return { step, namespace: hop.namespace, what, home, wanted, ends } as const;
}

/** A route of its own for a network, not the default one: whoever wrote it wants it to be used. */
function routeInMain(kase: Case, namespace: string, destination: Ip): Route | undefined {
  const netns = netnsOf(kase, namespace);
  const routes = (typeof destination === 'number' ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes
    .filter(
      ({ table, type, destination: prefix }) => table === 'main' && type === 'unicast' && prefix.length > 0,
    )
    .filter(({ destination: prefix }) => contains(prefix, destination))
    .toSorted((left, right) => right.destination.length - left.destination.length)[0];
}

type RouteStep = Extract<Step, { kind: 'route' }>;

function isPolicyRoute(step: Step): step is RouteStep {
  return (
    step.kind === 'route' &&
    step.table !== undefined &&
    !['main', 'local', 'default', '254', '255'].includes(step.table)
  );
}

function ruleFor(kase: Case, namespace: string, table: string): IpRule | undefined {
  const netns = netnsOf(kase, namespace);
  const rules = kase.flow.family === 4 ? netns?.rules4 : netns?.rules6;
  return rules?.find(({ action }) => action.kind === 'lookup' && action.table === table);
}
