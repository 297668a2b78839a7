import { modelCause } from '../model-cause.ts';
import { inInterface, nameOf } from '../words.ts';

/** ip_handle_martian_source(), fib_validate_source(): IP_LOCAL_SOURCE, IP_INVALID_SOURCE, IP_LOCALNET */
export const martianDrop = modelCause({
  id: 'martian-drop',
  title: 'An address that may not be on the wire',
  severity: 'error',
  symptom: 'The request is seen arriving and is ignored, without any answer.',
  mechanism:
    'Packets from 127/8, from one of the receiver’s own addresses, from multicast or broadcast addresses, and packets to 127/8 that come from outside are dropped in the routing decision, whatever rp_filter and iptables say.',
  check: 'sysctl -w net.ipv4.conf.all.log_martians=1 and look at the kernel log',
  tell(kase, drop) {
    const { source, destination } = drop.trace.final;
    const device = inInterface(drop.trace);
    return {
      title: `${nameOf(kase, drop.namespace)} takes ${source} > ${destination} on ${device} for a martian`,
      explanation:
        `The packet arrives on ${device} with addresses that must not come from there: ${source} > ${destination}. A loopback address, or ` +
        'one of the receiver’s own as source, can only be forged or the result of a translation that was not completed. The ' +
        'kernel drops it in the routing decision without a word, and no rule can accept it.',
    };
  },
});
