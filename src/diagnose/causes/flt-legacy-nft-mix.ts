import { modelCause } from '../model-cause.ts';
import { rulePlace } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

export const fltLegacyNftMix = modelCause({
  id: 'flt-legacy-nft-mix',
  title: 'The other iptables backend drops it',
  severity: 'error',
  page: () => ({
    symptom: 'iptables -S looks clean, and traffic is dropped all the same.',
    mechanism:
      'iptables-legacy and iptables-nft each have tables of their own on the same hooks, and a packet has to pass both. The command shows one of them.',
    check: 'iptables-legacy-save and iptables-nft-save, both',
    proof: 'Both backends have rules on the hook; one accepts the packet and the other’s DROP counts.',
    refutation: 'One backend has neither rules nor a DROP policy there.',
    settledBy: ['iptables-legacy-save -c', 'iptables-nft-save -c'],
    repair: 'Keep the rules in one backend and flush the other with its own command.',
    references: ['xtables-nft(8)', 'xtables-legacy(8)', 'docker-library/docker#467'],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} has rules in both backends, and ${rulePlace(drop)} of the other one drops it`,
      explanation: `A packet passes the chains of both backends. One accepts it; ${rulePlace(drop)} of the other drops it, and the iptables command of the usual backend does not show that rule.`,
      effect: 'Keep the rules in one backend: move them, and flush the other with its own command.',
    };
  },
});
