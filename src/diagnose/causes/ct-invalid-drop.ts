import { ruleCause } from '../rule-cause.ts';

export const ctInvalidDrop = ruleCause({
  id: 'ct-invalid-drop',
  title: 'Packets without a known connection are dropped',
  page: () => ({
    symptom:
      'Connections whose two directions take different ways die; large transfers through a device that rewrites sequence numbers hang.',
    mechanism:
      'A SYN-ACK whose SYN conntrack did not see, and a segment outside the window of a connection that it knows, are INVALID, and a rule drops that state. A plain ACK or data of an unknown connection is NEW (nf_conntrack_tcp_loose = 1).',
    check: 'conntrack -S (invalid); the rule’s counter',
    proof:
      'A SYN-ACK whose SYN was never seen here, or a segment outside the window, comes in and does not leave; the INVALID rule counts.',
    refutation: 'A counter of that rule that stays, or the packet on the outgoing interface.',
    settledBy: ['iptables-save -c', 'conntrack -S (invalid)', 'conntrack -L'],
    repair: 'Route both directions over this host, or exempt this traffic from the rule.',
    references: [
      'net/netfilter/nf_conntrack_proto_tcp.c: tcp_new(), tcp_in_window()',
      'Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_tcp_be_liberal, nf_conntrack_tcp_loose',
      'kubernetes/kubernetes#94861',
      'kubernetes/kubernetes#120412',
    ],
  }),
  verb: 'is INVALID to conntrack and dropped by',
  advice: 'Route both directions over this host, or leave INVALID alone here.',
});
