import { formatIp, type Ip } from '../../net/ip.ts';
import { contains } from '../../net/prefix.ts';
import { compareEngine } from '../../topology/engine/compare.ts';
import { type EngineState, engineState } from '../../topology/engine/state.ts';
import type { Check } from '../check.ts';
import { dnatTargets } from '../dnat.ts';
import type { Found } from '../finding.ts';
import { nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import type { Scope } from '../scope.ts';

export const natDnatGone: Check = {
  id: 'nat-dnat-gone',
  title: 'A rule for a container that isn’t there',
  severity: 'warning',
  why: 'Docker takes its rules back when a container stops. One that stayed, after a crash or from a saved ruleset that was restored, leads to an address that nobody has, or that another container has by now. So does a DNAT of one’s own to a container’s address, which changes with every start.',
  repair:
    'Delete the rule, or have Docker write its rules anew (systemctl restart docker). Don’t save Docker’s rules with your own; publish ports (-p) instead of translating to addresses of containers.',
  silent: 'Where docker inspect was not given, or not all members of the network are known.',
  references: ['docker(1): inspect', 'moby/moby#10354'],
  find(scope) {
    const found = stale(scope);
    const known = new Set(found.map(({ at }) => at));
    return [...found, ...ownRules(scope).filter(({ at }) => !known.has(at))];
  },
};

/** Docker's own, by what it publishes. */
function stale({ snapshot, netns, rulesets }: Scope): Found[] {
  const refs = refsOf(rulesets);
  return (compareEngine(snapshot, netns)?.stale ?? []).flatMap(({ rule, gone }): Found[] => {
    const ref = refs.get(rule.rule);
    if (!ref) return [];
    const who = gone.now === undefined ? 'no container has' : `is ${gone.now}’s and publishes no such port`;
    return [
      {
        title: `${nameOfRule(ref)} is about ${formatIp(gone.address)}, which ${who}`,
        explanation:
          gone.instead === undefined
            ? 'Docker wrote it for a container that has gone.'
            : `The port is ${gone.instead.container}’s by now, and this rule stands in its way or does nothing.`,
        at: ref,
      },
    ];
  });
}

const refMaps = new WeakMap<object, Map<RuleRef['rule'], RuleRef>>();

/** The same object for a rule each time. */
function refsOf(rulesets: Scope['rulesets']): Map<RuleRef['rule'], RuleRef> {
  const known = refMaps.get(rulesets);
  if (known) return known;
  const refs = new Map(rulesets.flatMap(rulesOf).map((ref) => [ref.rule, ref]));
  refMaps.set(rulesets, refs);
  return refs;
}

/** DNAT to an address of one of Docker's subnets that nobody there has. */
function ownRules({ snapshot, netns, rulesets }: Scope): Found[] {
  if (!snapshot.docker.containers.some(({ running }) => running)) return [];
  const state = engineState(snapshot, netns.links);
  return [...refsOf(rulesets).values()].flatMap((ref) =>
    dnatTargets(ref)
      .filter((address) => isNobodys(address, state, netns))
      .slice(0, 1)
      .map((address) => ({
        title: `${nameOfRule(ref)} translates to ${formatIp(address)}, which no container has`,
        explanation: 'The address is of one of Docker’s networks, and none of its members has it.',
        at: ref,
      })),
  );
}

function isNobodys(address: Ip, { complete, taken }: EngineState, { links }: Scope['netns']): boolean {
  if (taken.has(address)) return false;
  if (links?.some(({ addresses }) => addresses.some((own) => own.address === address))) return false;
  return complete.some(({ subnets }) =>
    subnets.some((subnet) => typeof subnet.address === typeof address && contains(subnet, address)),
  );
}
