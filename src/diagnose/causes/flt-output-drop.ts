import { modelCause } from '../model-cause.ts';
import { acceptBefore } from '../rule-cause.ts';
import { nameOf } from '../words.ts';

export const fltOutputDrop = modelCause({
  id: 'flt-output-drop',
  title: 'OUTPUT drops what the sender sends',
  severity: 'error',
  symptom: 'UDP and ping say "Operation not permitted"; TCP times out; no capture shows anything.',
  mechanism:
    'Locally sent packets pass OUTPUT before any interface. A DROP there is before the first place where tcpdump could see the packet.',
  check: 'iptables -L OUTPUT -nv (in the sender’s namespace)',
  tell(kase, drop) {
    return {
      title: `${nameOf(kase, drop.namespace)} drops its own packets in OUTPUT`,
      explanation:
        `The ${drop.direction === 'forward' ? 'request' : 'answer'} is made in ${nameOf(kase, drop.namespace)} and dropped in OUTPUT, before it reaches an interface. ` +
        'sendto() fails with EPERM; a TCP connect just times out.',
      fix: acceptBefore(kase, drop),
    };
  },
});
