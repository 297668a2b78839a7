import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

/** ip_forward(), net/ipv4/ip_forward.c: SKB_DROP_REASON_IP_INHDR, ICMP time exceeded */
export const ttlExpired = modelCause({
  id: 'ttl-expired',
  title: 'The TTL ran out',
  severity: 'error',
  symptom: '"Time to live exceeded", or silence where that ICMP is filtered.',
  mechanism:
    'Every router lowers the TTL by one; at zero it drops the packet and sends ICMP 11/0. A loop between two routers ends so.',
  check: 'traceroute; the same packet again and again in one capture with falling TTL',
  tell(kase, drop) {
    return {
      title: `the packet’s TTL ends at ${nameOf(kase, drop.namespace)}`,
      explanation:
        `The packet has to be forwarded by ${nameOf(kase, drop.namespace)} with a TTL of 1, so the kernel drops it between PREROUTING and ` +
        'FORWARD and sends "time exceeded" to its source. Either the sender chose so small a TTL, or the packet has been going in circles.',
      status: 'rejected',
    };
  },
});
