import { formatIp } from '../../net/ip.ts';
import { compareEngine } from '../../topology/engine/compare.ts';
import type { Check } from '../check.ts';
import { nameOfRule, rulesOf } from '../rules.ts';

export const natDnatGone: Check = {
  id: 'nat-dnat-gone',
  title: 'A rule of Docker’s for a container that isn’t there',
  severity: 'warning',
  why: 'Docker takes its rules back when a container stops. One that stayed, after a crash or from a saved ruleset that was restored, leads to an address that nobody has, or that another container has by now.',
  repair:
    'Delete the rule, or have Docker write its rules anew (systemctl restart docker). Don’t save Docker’s rules with your own.',
  silent: 'Where docker inspect was not given, or not all members of the network are known.',
  references: ['docker(1): inspect', 'moby/moby#10354'],
  find({ snapshot, netns, rulesets }) {
    const stale = compareEngine(snapshot, netns)?.stale ?? [];
    const refs = new Map(rulesets.flatMap(rulesOf).map((ref) => [ref.rule, ref]));
    return stale.flatMap(({ rule, gone }) => {
      const ref = refs.get(rule.rule);
      if (!ref) return [];
      const address = formatIp(gone.address);
      return [
        {
          title: `${nameOfRule(ref)} is about ${address}, which ${gone.now === undefined ? 'no container has' : `is ${gone.now}’s and publishes no such port`}`,
          explanation:
            gone.instead === undefined
              ? 'Docker wrote it for a container that has gone.'
              : `The port is ${gone.instead.container}’s by now, and this rule stands in its way or does nothing.`,
          at: ref,
        },
      ];
    });
  },
};
