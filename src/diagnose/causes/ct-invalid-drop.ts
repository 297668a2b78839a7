import { ruleCause } from '../rule-cause.ts';

export const ctInvalidDrop = ruleCause({
  id: 'ct-invalid-drop',
  title: 'Packets without a known connection are dropped',
  symptom: 'Flows that take another way back die; mid-stream packets are refused.',
  mechanism:
    'Conntrack takes a SYN-ACK, or data outside the window, of a connection whose beginning it did not see for INVALID, and a rule drops that state.',
  check: 'conntrack -S (invalid); the rule’s counter',
  verb: 'is INVALID to conntrack and dropped by',
  advice: 'Route both directions over this host, or leave INVALID alone here.',
});
