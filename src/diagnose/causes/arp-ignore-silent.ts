import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const arpIgnoreSilent = modelCause({
  id: 'arp-ignore-silent',
  title: 'ARP for a local address is ignored on purpose',
  severity: 'error',
  symptom: 'The address is there, and nobody answers ARP for it.',
  mechanism:
    'arp_ignore ≥ 1 makes a host answer ARP only for addresses of the interface the request comes in by. Load balancers (LVS, keepalived) set it.',
  check: 'sysctl -a | grep arp_ignore',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} has the address and does not answer ARP for it (arp_ignore)`,
      explanation: `The address belongs to the host, but to another of its interfaces, and arp_ignore tells it to answer only for those of the interface that was asked. The sender gets no MAC address, and no packet.`,
      effect: 'Set arp_ignore to 0 on that interface, or put the address on it.',
    };
  },
});
