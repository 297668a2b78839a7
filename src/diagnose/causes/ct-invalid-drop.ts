import { ruleCause } from '../rule-cause.ts';

export const ctInvalidDrop = ruleCause({
  id: 'ct-invalid-drop',
  title: 'Packets without a known connection are dropped',
  symptom: 'Flows that take another way back die; mid-stream packets are refused.',
  mechanism:
    'Conntrack takes a SYN-ACK, or data outside the window, of a connection whose beginning it did not see for INVALID, and a rule drops that state.',
  check: 'conntrack -S (invalid); the rule’s counter',
  proof:
    'A SYN-ACK whose SYN was never seen here, or a segment outside the window, comes in and does not leave; the INVALID rule counts.',
  refutation: 'A counter of that rule that stays, or the packet on the outgoing interface.',
  settledBy: ['iptables-save -c', 'conntrack -S (invalid)', 'conntrack -L'],
  repair: 'Route both directions over this host, or exempt this traffic from the rule.',
  references: [
    'net/netfilter/nf_conntrack_proto_tcp.c: tcp_new()',
    'net.netfilter.nf_conntrack_tcp_be_liberal',
    'kubernetes/kubernetes#74839',
    'kubernetes/kubernetes#120412',
  ],
  verb: 'is INVALID to conntrack and dropped by',
  advice: 'Route both directions over this host, or leave INVALID alone here.',
});
