import { makerOfChain, makerOfInterface } from '../../topology/makers.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { isDropping, isJump, nameOfRule, printed, type RuleRef, rulesOfChain, toolOf } from '../rules.ts';

export const dockerForwardOrder: Check = {
  id: 'docker-forward-order',
  title: 'A rule in FORWARD about containers, which Docker puts its own before',
  severity: 'warning',
  why: 'Docker inserts its jumps at the top of FORWARD whenever the daemon starts. A rule of one’s own is behind them then, where packets for published ports have been accepted already.',
  repair: 'Put it into DOCKER-USER, which is asked first and stays.',
  silent: 'Rules that name no bridge of Docker’s, and hosts without DOCKER-USER.',
  references: ['docker(1): packet filtering and firewalls'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) => {
      const table = ruleset.tables.get('filter');
      const chain = table?.chains.get('FORWARD');
      if (!table || !chain || !table.chains.has('DOCKER-USER')) return [];
      return told(rulesOfChain(ruleset, table, chain));
    }),
};

function told(refs: readonly RuleRef[]): Found[] {
  const jumps = refs.filter(
    ({ rule: { target } }) => isJump(target) && /^docker/.test(makerOfChain(target.chain)?.id ?? ''),
  );
  const [first] = jumps;
  const last = jumps.at(-1);
  if (!first || !last) return [];
  return refs
    .filter(({ rule }) => isDropping(rule) && isAboutContainers(rule))
    .map((ref) => {
      const before = ref.number < first.number;
      return {
        title: before
          ? `${nameOfRule(ref)} stands before Docker’s jumps until the daemon starts next`
          : `${nameOfRule(ref)} stands behind Docker’s jumps, which let published ports through`,
        explanation: before
          ? 'Docker inserts them at the top of FORWARD then, and accepts what it has published before this rule is asked.'
          : 'What Docker has published, or allows between its networks, is accepted before this rule is asked.',
        at: ref,
        involved: [{ at: before ? first : last, role: 'Docker’s jump' }],
        suggestion: {
          text: 'Put it where it is asked first and stays:',
          commands: [`${toolOf(ref.ruleset)} -I DOCKER-USER ${printed(ref)}`],
        },
      };
    });
}

/** Between two ports of one bridge it is Docker's own (icc=false). */
function isAboutContainers({ in: input, out }: RuleRef['rule']): boolean {
  if (input && out && input.name === out.name) return false;
  return [input, out].some(
    (device) => device && !device.invert && makerOfInterface(device.name)?.id === 'docker',
  );
}
