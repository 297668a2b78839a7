import type { Check } from '../check.ts';
import { rulesOf, toolOf } from '../rules.ts';
import { rulesetsOf } from '../scope.ts';

export const hostTwoBackends: Check = {
  id: 'host-two-backends',
  title: 'Both of iptables’ backends hold rules',
  severity: 'warning',
  why: 'iptables-legacy and iptables-nft have tables of their own on the same hooks. A packet has to pass both, and iptables shows one of them: the rules of the other are overlooked, and their order isn’t what either of them shows.',
  repair:
    'Move all rules into one backend (iptables-legacy-save | iptables-nft-restore), and flush the other with its own command. Docker and others use what the iptables command leads to.',
  silent: 'Where the dump of one backend was not given, or it has neither rules nor a policy of DROP.',
  references: ['xtables-nft(8)', 'xtables-legacy(8)'],
  find(scope) {
    return ([4, 6] as const).flatMap((family) => {
      const used = rulesetsOf(scope, family).filter(
        (ruleset) =>
          rulesOf(ruleset).length > 0 ||
          [...ruleset.tables.values()].some(({ chains }) =>
            [...chains.values()].some(({ policy }) => policy === 'DROP'),
          ),
      );
      const [nft, legacy] = [used.find(isNft), used.find((each) => !isNft(each))];
      const [one, other] = [nft && rulesOf(nft)[0], legacy && rulesOf(legacy)[0]];
      if (!nft || !legacy || !one || !other) return [];
      return [
        {
          title: `${toolOf(nft, true)} has ${rulesOf(nft).length} rules, and ${toolOf(legacy, true)} has ${rulesOf(legacy).length}`,
          explanation: 'Both are asked for every packet, and one that drops is enough.',
          at: other,
          involved: [{ at: one, role: 'the other backend’s first rule' }],
          suggestion: {
            text: 'Have all rules in one backend, and flush the other, for instance:',
            commands: [`${toolOf(legacy, true)}-save > rules.old`, `${toolOf(legacy, true)} -F`],
          },
        },
      ];
    });
  },
};

function isNft({ backend }: { readonly backend: string }): boolean {
  return backend === 'nft';
}
