import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const natSnatPortsExhausted = modelCause({
  id: 'nat-snat-ports-exhausted',
  title: 'No port is left for the translation',
  severity: 'error',
  symptom: 'Some connections to one destination time out, now and then, under load.',
  mechanism:
    'SNAT needs a source port that no other connection to the same destination uses. When its range is used up the packet is dropped in POSTROUTING.',
  check: 'conntrack -S (insert_failed, drop); conntrack -L | grep DESTINATION',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} finds no free port to translate it to`,
      explanation: `The SNAT rule allows only few ports, and for this destination all are taken by other connections, so the packet is dropped in nat POSTROUTING.`,
      effect: 'Allow more ports or addresses, or use --random-fully.',
    };
  },
});
