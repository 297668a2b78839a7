import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace } from '../rule-cause.ts';
import { inInterface, nameOf } from '../words.ts';

export const fltInputDrop = modelCause({
  id: 'flt-input-drop',
  title: 'INPUT drops traffic to the host itself',
  severity: 'error',
  symptom: 'A service of the host times out from outside and works locally.',
  mechanism:
    'Packets to one of the host’s own addresses pass INPUT before a socket sees them. A rule or the policy there drops them silently.',
  check: 'iptables -L INPUT -nv',
  proof:
    'The packet comes in for the host’s own address and nobody answers; the rule or policy of INPUT counts.',
  refutation: 'Any answer of the host’s socket, or an INPUT counter that stays.',
  settledBy: ['iptables-save -c', 'ss -lntu'],
  repair: 'Accept the port in INPUT before the rule that drops it.',
  references: ['net/ipv4/ip_input.c: ip_local_deliver(), NF_INET_LOCAL_IN', 'iptables(8)'],
  tell(kase, drop) {
    const place = rulePlace(drop);
    return {
      title: `${nameOf(kase, drop.namespace)} drops it on its way to the local socket: ${place}`,
      explanation:
        `The packet comes in on ${inInterface(drop.trace)} and is for an address of ${nameOf(kase, drop.namespace)} itself, so it passes INPUT, where ${place} drops it. ` +
        'The program that listens never learns of it, and the client sees a timeout.',
      fix: acceptBefore(kase, drop),
    };
  },
});
