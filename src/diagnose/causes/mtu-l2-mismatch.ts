import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const mtuL2Mismatch = modelCause({
  id: 'mtu-l2-mismatch',
  title: 'The two ends of the link have different MTUs',
  severity: 'error',
  symptom: 'Large packets vanish inside one host, without ICMP; small ones pass.',
  mechanism:
    'A frame larger than the receiving end’s MTU is dropped at the boundary of the pair. Nobody sends ICMP, since no router is involved.',
  check: 'ip link (mtu of both ends); ip -s link (dropped)',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet ${where} sends is larger than the MTU of the other end of the link`,
      explanation: `The packet fits the MTU of the sending end and not that of the receiving one, so it is dropped between the two: it is seen in the sender’s capture and not in the other. No ICMP tells the sender to make it smaller.`,
      effect: 'Give both ends the same MTU: ip link set IFACE mtu N.',
    };
  },
});
