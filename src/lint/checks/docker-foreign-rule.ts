import { isForeign } from '../../topology/engine/foreign.ts';
import { hasDockerChains } from '../../topology/engine/generation.ts';
import type { Check } from '../check.ts';
import { isObscure, nameOfRule, printed, rulesOf, toolOf } from '../rules.ts';

export const dockerForeignRule: Check = {
  id: 'docker-foreign-rule',
  title: 'A rule of somebody’s in a chain that Docker writes anew',
  severity: 'warning',
  why: 'Docker’s own chains (DOCKER, DOCKER-FORWARD, DOCKER-ISOLATION-…) are flushed and filled whenever the daemon starts. A rule that somebody put there is gone then.',
  repair: 'Put it into DOCKER-USER, which Docker calls before all else and leaves alone.',
  silent: 'DOCKER-USER, swarm’s DOCKER-INGRESS, and rules that may be Docker’s.',
  references: ['docker(1): packet filtering and firewalls'],
  find: ({ rulesets }) =>
    rulesets
      .filter((ruleset) => hasDockerChains([ruleset]))
      .flatMap(rulesOf)
      .filter(({ chain, rule }) => !isObscure(rule) && isForeign({ chain: chain.name, rule }))
      .map((ref) => ({
        title: `${nameOfRule(ref)} is none of Docker’s, and lasts until the daemon starts next`,
        explanation: `Docker fills ${ref.chain.name} anew then.`,
        at: ref,
        suggestion:
          ref.table.name === 'filter'
            ? {
                text: 'Put it where it stays:',
                commands: [`${toolOf(ref.ruleset)} -I DOCKER-USER ${printed(ref)}`],
              }
            : { text: 'Put it into a chain of your own, before the jump to Docker’s.', commands: [] },
      })),
};
